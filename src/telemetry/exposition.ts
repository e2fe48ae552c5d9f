import type { Metrics } from './metrics.ts'
import type { ProcessCounts, ProcessMetrics } from './process-metrics.ts'
import { addCounts, type FamilySnapshot, mergeFamilies, snapshotFamilies } from './snapshot.ts'
import { type Exposition, formatFamilies } from './text-format.ts'

/** All that one process of a service has counted, as plain data. */
export interface MetricsSnapshot {
  readonly families: readonly FamilySnapshot[]
  readonly process: ProcessCounts
}

/** Of a service of several processes, what the others have counted. */
export type OtherMetrics = () => Promise<readonly MetricsSnapshot[]>

/** Prometheus' text format. */
const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/**
 * Writes metrics, and after them what the runtime tells of its process, in Prometheus' text format, with what `others`
 * have counted added to both. Our own are not a library's: those find a series by a string that they build of its labels
 * on each count.
 */
export function createExposition(
  { families }: Metrics,
  ofProcess?: ProcessMetrics,
  others?: OtherMetrics,
): () => Promise<Exposition> {
  return async () => {
    const snapshots = (await others?.()) ?? []
    const merged = mergeFamilies(
      families,
      snapshots.map((snapshot) => snapshot.families),
    )
    if (ofProcess === undefined) return { contentType: CONTENT_TYPE, text: formatFamilies(merged) }
    const own = await ofProcess.read()
    const all =
      snapshots.length === 0 ? own : await ofProcess.add([own, ...snapshots.map(({ process }) => process)])
    const { contentType, text } = await ofProcess.format(all)
    return { contentType, text: `${formatFamilies(merged)}\n${text}` }
  }
}

/** Reads the same as plain data, for another process to add up. */
export function createSnapshot(
  { families }: Metrics,
  ofProcess?: ProcessMetrics,
): () => Promise<MetricsSnapshot> {
  return async () => ({
    families: snapshotFamilies(families),
    process: (await ofProcess?.read()) ?? [],
  })
}

/** What processes that are gone have counted, in all, and one more of them. */
export async function addSnapshots(
  before: MetricsSnapshot,
  more: MetricsSnapshot,
  ofProcess?: ProcessMetrics,
): Promise<MetricsSnapshot> {
  const all = (await ofProcess?.add([before.process, more.process])) ?? []
  return {
    families: addCounts(before.families, more.families),
    process: ofProcess?.lasting(all) ?? [],
  }
}
