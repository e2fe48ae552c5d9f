import { orRefused } from '../doctor/admin-source.ts'
import { sendAsClient } from '../doctor/client-request.ts'
import type { PullSource } from '../doctor/pull-source.ts'
import { type Address, formatAddress } from '../net/address.ts'
import type { Explanation } from '../routing/explanation.ts'
import { createPortolan } from '../server/compose.ts'
import type { DoorReply } from '../server/reply.ts'
import { readConfig } from './read-config.ts'
import { createRuntime } from './runtime.ts'

/** How long backends may take to show that they are well before the first answer, in milliseconds. */
const TRIAL = 15_000

/** A door of our own with this config, which nobody else can reach; it tries its backends first. */
export async function openConfigSource(file: string, from: Address): Promise<PullSource<Explanation>> {
  const config = await readConfig(file)
  const runtime = createRuntime({ level: 'silent', access: false, addresses: 'off' })
  const service = await createPortolan(config, runtime, { metrics: false })
  await Promise.race([service.tried, new Promise((resolve) => setTimeout(resolve, TRIAL).unref())])
  return {
    explain: async (target) =>
      orRefused(await service.explain({ method: 'GET', target, from, ask: true }), target),
    async send(method, { target, decision }) {
      if (decision.location !== undefined) return sendAsClient(decision.location, method, runtime)
      const header = () => undefined
      return responseOf(await service.door({ method, target, peer: formatAddress(from), header }))
    },
    end: () => void service[Symbol.asyncDispose](),
  }
}

function responseOf({ status, headers, body }: DoorReply): Response {
  return new Response(body as ConstructorParameters<typeof Response>[0], { status, headers })
}
