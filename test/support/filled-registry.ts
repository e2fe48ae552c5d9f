import { createNodeRuntime } from '../../src/adapters/node/runtime.ts'
import { openHttpRegistry } from '../../src/registry/http-registry.ts'
import { openHttpWriter } from '../../src/registry/http-writer.ts'
import { registryTarget } from '../../src/replication/images/registry-target.ts'
import type { FilledRegistry } from '../../src/replication/registries/filled-registry.ts'
import { silentLog } from '../../src/telemetry/log.ts'

/** A registry that is filled over HTTP; nobody waits to try again. */
export function openFilledRegistry(id: string, url: string, prefix = ''): FilledRegistry {
  const node = createNodeRuntime({ log: silentLog, userAgent: 'portolan/test' })
  const runtime = {
    ...node,
    random: () => 0,
    after: (ms: number, work: () => void) => node.after(ms < 20_000 ? 1 : ms, work),
  }
  const connection = {
    ...{ url, prefix, credentials: async () => undefined },
    limits: { concurrency: 16, requestsPerSecond: 10_000 },
  }
  const reader = openHttpRegistry(runtime, connection)
  return { id, reader, writer: registryTarget(runtime, reader, openHttpWriter(runtime, connection)) }
}
