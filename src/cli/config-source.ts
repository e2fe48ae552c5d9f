import type { Config } from '../config/config.ts'
import { type AskedClient, orRefused } from '../doctor/admin-source.ts'
import { getAsClient } from '../doctor/client-request.ts'
import type { PullSource } from '../doctor/pull-source.ts'
import type { Explanation } from '../routing/explanation.ts'
import { createPortolan } from '../server/compose.ts'
import { senderOf } from '../server/explained-client.ts'
import { toResponse } from '../server/fetch-handler.ts'
import type { DoorRuntime } from '../server/runtime.ts'
import { readClient } from './read-client.ts'
import { readConfig } from './read-config.ts'
import { createRuntime } from './runtime.ts'

/** How long backends may take to show that they are well before the first answer, in milliseconds. */
const TRIAL = 15_000

/**
 * A door of our own with this config, which nobody else can reach, as if it were `at` that moment. It tries its backends
 * first, unless it is `offline`: then it asks nobody anything. Throws `USAGE` for a client that cannot be.
 */
export async function openConfigSource(
  file: string,
  client: AskedClient,
  offline: boolean,
  at?: Date,
): Promise<PullSource<Explanation>> {
  const from = readClient(client.from)
  const config = withoutNeighbours(await readConfig(file))
  const own = createRuntime({ level: 'silent', access: false, addresses: 'off' })
  const runtime = withoutTraces(offline ? { ...own, fetch: refuseToFetch } : own, at)
  const service = await createPortolan(config, runtime, { metrics: false, offline })
  if (!offline) {
    await Promise.race([service.tried, new Promise((resolve) => setTimeout(resolve, TRIAL).unref())])
  }
  const { down, host } = client
  return {
    offline,
    registries: config.registries.map(({ host }) => host),
    explain: async (target) =>
      orRefused(await service.explain({ method: 'GET', target, from, ask: true, host, down }), target),
    async get({ target, decision }, range) {
      if (decision.location !== undefined) return getAsClient(decision.location, runtime, range)
      const headers: Record<string, string | undefined> = { range, host }
      const header = (name: string) => headers[name]
      return toResponse(await service.door({ ...senderOf(from), method: 'GET', target, header }))
    },
    end: () => void service[Symbol.asyncDispose](),
  }
}

/** What is kept on disk belongs to the door that runs: who explains reads it, and writes nothing. */
function withoutTraces(runtime: DoorRuntime, at: Date | undefined): DoorRuntime {
  const { ledger, legacy } = runtime
  const write = async () => {}
  return {
    ...runtime,
    ...(ledger && { ledger: { ...ledger, write } }),
    ...(legacy && { legacy: { ...legacy, write } }),
    ...(at !== undefined && { date: () => at }),
  }
}

/** The cache belongs to the mirror that runs, and its users have no passwords here: who explains is let in. */
function withoutNeighbours({ cache: _, ...config }: Config): Config {
  const { htpasswd: __, ...clients } = config.clients
  return { ...config, clients }
}

async function refuseToFetch(url: string): Promise<never> {
  throw new Error(`offline: ${new URL(url).host} is not asked`)
}
