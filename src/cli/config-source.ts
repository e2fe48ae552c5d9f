import type { Config } from '../config/config.ts'
import { type AskedClient, orRefused } from '../doctor/admin-source.ts'
import { getAsClient } from '../doctor/client-request.ts'
import type { PullSource } from '../doctor/pull-source.ts'
import type { Explanation } from '../routing/explanation.ts'
import { createPortolan } from '../server/compose.ts'
import { senderOf } from '../server/explained-client.ts'
import { toResponse } from '../server/fetch-handler.ts'
import { readClient } from './read-client.ts'
import { readConfig } from './read-config.ts'
import { createRuntime } from './runtime.ts'

/** How long backends may take to show that they are well before the first answer, in milliseconds. */
const TRIAL = 15_000

/**
 * A door of our own with this config, which nobody else can reach. It tries its backends first, unless it is `offline`:
 * then it asks nobody anything. Throws `USAGE` for a client that cannot be.
 */
export async function openConfigSource(
  file: string,
  client: AskedClient,
  offline: boolean,
): Promise<PullSource<Explanation>> {
  const from = readClient(client.from)
  const config = withoutNeighbours(await readConfig(file))
  const own = createRuntime({ level: 'silent', access: false, addresses: 'off' })
  const runtime = offline ? { ...own, fetch: refuseToFetch } : own
  const service = await createPortolan(config, runtime, { metrics: false, offline })
  if (!offline) {
    await Promise.race([service.tried, new Promise((resolve) => setTimeout(resolve, TRIAL).unref())])
  }
  const { down } = client
  return {
    offline,
    registries: config.registries.map(({ host }) => host),
    explain: async (target) =>
      orRefused(await service.explain({ method: 'GET', target, from, ask: true, down }), target),
    async get({ target, decision }, range) {
      if (decision.location !== undefined) return getAsClient(decision.location, runtime, range)
      const header = (name: string) => (name === 'range' ? range : undefined)
      return toResponse(await service.door({ ...senderOf(from), method: 'GET', target, header }))
    },
    end: () => void service[Symbol.asyncDispose](),
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
