import type { Metric } from 'prom-client'
import type { Distribution } from './family.ts'
import type { Metrics } from './metrics.ts'

/** What Prometheus scrapes. */
export interface Exposition {
  readonly contentType: string
  readonly text: string
}

/**
 * Writes metrics, and what the runtime tells of its process, in Prometheus' text format. The library that does it is
 * loaded with the first call, since a door that nobody scrapes should not start later for it.
 */
export function createExposition({ families }: Metrics): () => Promise<Exposition> {
  let registry: Promise<{ readonly contentType: string; metrics(): Promise<string> }> | undefined

  async function createRegistry() {
    const { collectDefaultMetrics, Registry } = await import('prom-client')
    const created = new Registry()
    collectDefaultMetrics({ register: created })
    for (const family of families) created.registerMetric(readable(family))
    return created
  }

  return async () => {
    registry ??= createRegistry()
    const created = await registry
    return { contentType: created.contentType, text: await created.metrics() }
  }
}

type AnyFamily = Metrics['families'][number]

interface Sample {
  readonly metricName: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/**
 * A family as a metric of prom-client, whose own find a series by a string that they build of its labels on each
 * count. Its registry asks no more of a metric than this.
 */
function readable(family: AnyFamily): Metric {
  const { name, help, type } = family
  return {
    name,
    help,
    type,
    get: async () => ({ name, help, type, values: samplesOf(family) }),
  } as unknown as Metric
}

function samplesOf(family: AnyFamily): Sample[] {
  const labelled = (values: readonly string[]) =>
    Object.fromEntries(family.labels.map((label, index) => [label, values[index]!]))
  switch (family.type) {
    case 'gauge':
      return [...family.series()].map(([values, value]) => ({
        metricName: family.name,
        labels: labelled(values),
        value,
      }))
    case 'counter':
      return [...family.series()].map(([values, { value }]) => ({
        metricName: family.name,
        labels: labelled(values),
        value,
      }))
    case 'histogram':
      return [...family.series()].flatMap(([values, distribution]) =>
        distributionSamples(family.name, family.bounds, labelled(values), distribution),
      )
  }
}

/** Buckets are cumulative in the text format: each counts what does not exceed its bound. */
function distributionSamples(
  name: string,
  bounds: readonly number[],
  labels: Readonly<Record<string, string>>,
  { counts, sum }: Distribution,
): Sample[] {
  let count = 0
  const buckets = counts.map((inBucket, index) => {
    count += inBucket
    return {
      metricName: `${name}_bucket`,
      labels: { ...labels, le: index < bounds.length ? String(bounds[index]) : '+Inf' },
      value: count,
    }
  })
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: count },
  ]
}
