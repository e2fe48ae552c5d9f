import type { Exposition } from '../../telemetry/exposition.ts'

/**
 * What prom-client tells of this process, in Prometheus' text format. The library is loaded with the first call, since a
 * door that nobody scrapes should not start later for it.
 */
export function createProcessMetrics(): () => Promise<Exposition> {
  let watched: Promise<{ readonly contentType: string; metrics(): Promise<string> }> | undefined

  async function watchProcess() {
    const { collectDefaultMetrics, Registry } = await import('prom-client')
    const registry = new Registry()
    collectDefaultMetrics({ register: registry })
    return registry
  }

  return async () => {
    watched ??= watchProcess()
    const registry = await watched
    return { contentType: registry.contentType, text: await registry.metrics() }
  }
}
