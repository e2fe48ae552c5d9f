import type { MetricObjectWithValues, MetricValue, Registry } from 'prom-client'
import type { Metrics } from './metrics.ts'
import { addCounts, type FamilySnapshot, mergeFamilies, snapshotFamilies } from './snapshot.ts'
import { formatFamilies } from './text-format.ts'

/** What Prometheus scrapes. */
export interface Exposition {
  readonly contentType: string
  readonly text: string
}

/** What prom-client tells of a process. */
export type ProcessMetrics = readonly MetricObjectWithValues<MetricValue<string>>[]

/** All that one process of a service has counted, as plain data. */
export interface MetricsSnapshot {
  readonly families: readonly FamilySnapshot[]
  readonly process: ProcessMetrics
}

/**
 * Writes metrics, and after them what prom-client tells of the process, in Prometheus' text format; `others` gives what
 * the other processes of this service have counted. The library is loaded with the first call, since a door that nobody
 * scrapes should not start later for it. Our own metrics are not its: those find a series by a string that they build of
 * its labels on each count.
 */
export function createExposition(
  { families }: Metrics,
  others?: () => Promise<readonly MetricsSnapshot[]>,
): () => Promise<Exposition> {
  const ofProcess = lazily(watchProcess)
  return async () => {
    const registry = await ofProcess()
    const snapshots = (await others?.()) ?? []
    const own = mergeFamilies(
      families,
      snapshots.map((snapshot) => snapshot.families),
    )
    const all =
      snapshots.length === 0
        ? registry
        : await aggregate([await readProcess(registry), ...snapshots.map(({ process }) => process)])
    return {
      contentType: registry.contentType,
      text: `${formatFamilies(own)}\n${await all.metrics()}`,
    }
  }
}

/** Reads the same as plain data, for another process to add up. */
export function createSnapshot({ families }: Metrics): () => Promise<MetricsSnapshot> {
  const ofProcess = lazily(watchProcess)
  return async () => ({
    families: snapshotFamilies(families),
    process: await readProcess(await ofProcess()),
  })
}

/** What processes that are gone have counted, in all. */
export async function addSnapshots(before: MetricsSnapshot, more: MetricsSnapshot): Promise<MetricsSnapshot> {
  const all = await readProcess(await aggregate([before.process, more.process]))
  return {
    families: addCounts(before.families, more.families),
    // Their types are numbers of an enum, or words: what goes up and down is gone with them.
    process: all.filter(({ type }) => ['counter', 'histogram'].includes(String(type))),
  }
}

async function watchProcess(): Promise<Registry> {
  const { collectDefaultMetrics, Registry } = await import('prom-client')
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  return registry
}

async function aggregate(parts: readonly ProcessMetrics[]): Promise<Registry> {
  const { AggregatorRegistry } = await import('prom-client')
  return AggregatorRegistry.aggregate([...parts])
}

async function readProcess(registry: Registry): Promise<ProcessMetrics> {
  return registry.getMetricsAsJSON()
}

function lazily<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | undefined
  return () => {
    made ??= make()
    return made
  }
}
