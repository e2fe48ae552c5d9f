import type { MetricObjectWithValues, MetricValue, Registry } from 'prom-client'
import type { ProcessCounts, ProcessMetrics } from '../../telemetry/process-metrics.ts'

type PromMetrics = MetricObjectWithValues<MetricValue<string>>[]

/**
 * What prom-client tells of this process, and how it adds up what several tell. The library is loaded with the first
 * call, since a door that nobody scrapes should not start later for it.
 */
export function createProcessMetrics(): ProcessMetrics {
  let watched: Promise<Registry> | undefined

  async function watchProcess(): Promise<Registry> {
    const { collectDefaultMetrics, Registry } = await import('prom-client')
    const registry = new Registry()
    collectDefaultMetrics({ register: registry })
    return registry
  }

  async function aggregate(parts: readonly ProcessCounts[]): Promise<Registry> {
    const { AggregatorRegistry } = await import('prom-client')
    return AggregatorRegistry.aggregate(parts.map((counts) => counts.filter(isMetric)))
  }

  return {
    async read() {
      watched ??= watchProcess()
      return (await watched).getMetricsAsJSON()
    },
    async add(parts) {
      return (await aggregate(parts)).getMetricsAsJSON()
    },
    lasting: (counts) => counts.filter(isMetric).filter(({ type }) => LASTING.includes(String(type))),
    async format(counts) {
      const registry = await aggregate([counts])
      return { contentType: registry.contentType, text: await registry.metrics() }
    },
  }
}

/** Of its types, in the words that it writes: those of its declarations are numbers. */
const LASTING = ['counter', 'histogram', 'summary']

function isMetric(value: object): value is PromMetrics[number] {
  return 'name' in value && 'type' in value && 'values' in value && Array.isArray(value.values)
}
