import type { Metrics } from './metrics.ts'
import { formatFamilies } from './text-format.ts'

/** What Prometheus scrapes. */
export interface Exposition {
  readonly contentType: string
  readonly text: string
}

/**
 * Writes metrics, and after them what prom-client tells of the process, in Prometheus' text format. The library is
 * loaded with the first call, since a door that nobody scrapes should not start later for it. Our own metrics are not
 * its: those find a series by a string that they build of its labels on each count.
 */
export function createExposition({ families }: Metrics): () => Promise<Exposition> {
  let ofProcess: Promise<{ readonly contentType: string; metrics(): Promise<string> }> | undefined

  async function watchProcess() {
    const { collectDefaultMetrics, Registry } = await import('prom-client')
    const registry = new Registry()
    collectDefaultMetrics({ register: registry })
    return registry
  }

  return async () => {
    ofProcess ??= watchProcess()
    const registry = await ofProcess
    const rest = await registry.metrics()
    return { contentType: registry.contentType, text: `${formatFamilies(families)}\n${rest}` }
  }
}
