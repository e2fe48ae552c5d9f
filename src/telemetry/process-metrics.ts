import type { Exposition } from './text-format.ts'

/** What a runtime counts of a process, as plain data: only who has read it knows what is in it. */
export type ProcessCounts = readonly object[]

/** What a runtime tells of its process, and how it adds up what several processes tell. */
export interface ProcessMetrics {
  read(): Promise<ProcessCounts>
  /** Adds up what several processes tell now. */
  add(parts: readonly ProcessCounts[]): Promise<ProcessCounts>
  /** What of it only grows: it counts still when its process is gone. */
  lasting(counts: ProcessCounts): ProcessCounts
  /** In Prometheus' text format. */
  format(counts: ProcessCounts): Promise<Exposition>
}
