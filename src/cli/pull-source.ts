import { parseListenAddress } from '../config/listen-address.ts'
import { PortolanError } from '../errors.ts'
import { type Address, formatAddress } from '../net/address.ts'
import { isFault, type OciFault } from '../oci/errors.ts'
import { MANIFEST_ACCEPT } from '../oci/manifest.ts'
import type { Explanation } from '../routing/explanation.ts'
import { createPortolan } from '../server/compose.ts'
import type { DoorReply } from '../server/reply.ts'
import { readConfig } from './read-config.ts'
import { createRuntime } from './runtime.ts'

/** A door to ask about a pull by a client at one address. */
export interface PullSource {
  explain(target: string): Promise<Explanation>
  /** Sends a request where the door would send that client, from this machine. Rejects when nothing answers. */
  send(method: 'GET' | 'HEAD', explanation: Explanation): Promise<Response>
  end(): void
}

/** How long one request may take, in milliseconds. */
const TIMEOUT = 10_000
/** How long backends may take to show that they are well before the first answer, in milliseconds. */
const TRIAL = 15_000

/** A door of our own with this config, which nobody else can reach; it tries its backends first. */
export async function openConfigSource(file: string, from: Address): Promise<PullSource> {
  const config = await readConfig(file)
  const service = await createPortolan(
    config,
    createRuntime({ level: 'silent', access: false, addresses: 'off' }),
    { metrics: false },
  )
  await Promise.race([service.tried, new Promise((resolve) => setTimeout(resolve, TRIAL).unref())])
  return {
    explain: async (target) =>
      orRefused(await service.explain({ method: 'GET', target, from, ask: true }), target),
    async send(method, { target, decision }) {
      if (decision.location !== undefined) return sendTo(decision.location, method)
      const header = () => undefined
      return responseOf(await service.door({ method, target, peer: formatAddress(from), header }))
    },
    end: () => void service[Symbol.asyncDispose](),
  }
}

/** The door whose admin service is at this URL. */
export async function openAdminSource(url: string, from: Address): Promise<PullSource> {
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
    throw new PortolanError(
      'USAGE',
      `--admin is ${JSON.stringify(url)}; expected a URL such as http://127.0.0.1:9090`,
    )
  }
  const base = url.replace(/\/+$/, '')
  const { door } = (await askAdmin(`${base}/`)) as { door: string | null }
  if (door === null) throw unreachable(`the door behind ${url} takes no requests now`)
  return {
    async explain(target) {
      const query = new URLSearchParams({ target, from: formatAddress(from) })
      return orRefused((await askAdmin(`${base}/explain?${query}`)) as Explanation | OciFault, target)
    },
    send: (method, { target, decision }) =>
      sendTo(decision.location ?? `${doorUrl(door, base)}${target}`, method),
    end() {},
  }
}

async function askAdmin(url: string): Promise<unknown> {
  const reply = await sendTo(url, 'GET').catch((error) => {
    throw unreachable(`cannot reach the admin service at ${url}: ${reasonOf(error)}`)
  })
  const text = await reply.text()
  try {
    const value = JSON.parse(text)
    if (reply.ok) return value
    if (reply.status === 400) return value.errors[0]
  } catch {}
  throw unreachable(`${url} answered ${reply.status} and nothing that an admin service says`)
}

/** A door that listens on every interface is where its admin service is. */
function doorUrl(door: string, admin: string): string {
  const address = parseListenAddress(door)
  if (address !== undefined && ['', '0.0.0.0', '::'].includes(address.host)) {
    return `http://${new URL(admin).hostname}:${address.port}`
  }
  return `http://${door}`
}

function sendTo(url: string, method: 'GET' | 'HEAD'): Promise<Response> {
  return fetch(url, {
    method,
    headers: { Accept: `${MANIFEST_ACCEPT}, */*` },
    signal: AbortSignal.timeout(TIMEOUT),
  })
}

function responseOf({ status, headers, body }: DoorReply): Response {
  return new Response(body as ConstructorParameters<typeof Response>[0], { status, headers })
}

function orRefused(explanation: Explanation | OciFault, target: string): Explanation {
  if (!isFault(explanation)) return explanation
  throw new PortolanError('USAGE', `the door would refuse ${target}: ${explanation.message}`, { target })
}

function unreachable(message: string): PortolanError {
  return new PortolanError('UNREACHABLE', message)
}

/** What went wrong, from the depth where `fetch` hides it. */
export function reasonOf(error: unknown): string {
  let current = error
  while (current instanceof Error && current.cause instanceof Error) current = current.cause
  const { code, message } = current as NodeJS.ErrnoException
  return message || code || String(current)
}
