import { parseListenAddress } from '../config/listen-address.ts'
import { PortolanError } from '../errors.ts'
import { isFault, type OciFault } from '../oci/errors.ts'
import type { Runtime } from '../runtime.ts'
import { readBody } from '../transport/read-body.ts'
import { reasonOf } from '../transport/reason.ts'
import { getAsClient } from './client-request.ts'
import type { ExplainedRequest, PullSource } from './pull-source.ts'

/** For whom, and as if what, a door is asked. */
export interface AskedClient {
  /** An address, a place or a country, as the admin service reads it. */
  readonly from: string
  /** Backends that are taken to be down. */
  readonly down: readonly string[]
  /** The host that the image names; absent where it names none. */
  readonly host?: string | undefined
}

/** What is looked at of the config that an admin service shows. */
interface AdminConfig {
  readonly registries?: readonly { readonly host: string }[]
  readonly legacy?: OldNames
}

/** An old name of a registry, as its config says it. */
interface OldNames {
  readonly host: string
  readonly names: readonly string[]
}

function isOldName(host: string | undefined, { host: old, names }: OldNames): host is string {
  return host !== undefined && [old, ...names].includes(host.replace(/:\d+$/, ''))
}

type AdminRuntime = Pick<Runtime, 'fetch' | 'after'>

/** An explanation names every backend of a config: a few kB. */
const ANSWER_MAX_BYTES = 16 * 1024 * 1024

/**
 * The door whose admin service is at this URL. Rejects with `USAGE` for what is no such URL, and with `UNREACHABLE`
 * when no admin service answers there.
 */
export async function openAdminSource<Explained extends ExplainedRequest>(
  url: string,
  { from, down, host }: AskedClient,
  runtime: AdminRuntime,
): Promise<PullSource<Explained>> {
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
    throw new PortolanError(
      'USAGE',
      `--admin is ${JSON.stringify(url)}; expected a URL such as http://127.0.0.1:9090`,
    )
  }
  const base = url.replace(/\/+$/, '')
  const { door } = (await askAdmin(`${base}/`, runtime)) as { door: string | null }
  if (door === null) throw unreachable(`the door behind ${url} takes no requests now`)
  const config = (await askAdmin(`${base}/config`, runtime)) as AdminConfig
  const { legacy } = config
  const asked = legacy !== undefined && isOldName(host, legacy) ? host : undefined
  return {
    registries: (config.registries ?? []).map(({ host }) => host),
    async explain(target) {
      const query = new URLSearchParams({ target, from })
      for (const id of down) query.append('down', id)
      if (asked !== undefined) query.append('host', asked)
      return orRefused((await askAdmin(`${base}/explain?${query}`, runtime)) as Explained | OciFault, target)
    },
    get: ({ target, decision }, range) =>
      decision.location === undefined
        ? getAsClient(`${doorUrl(door, base)}${target}`, runtime, range, asked)
        : getAsClient(decision.location, runtime, range),
    end() {},
  }
}

/** An explanation, unless the door refuses to look at the path. Throws `USAGE`. */
export function orRefused<Explained extends ExplainedRequest>(
  explanation: Explained | OciFault,
  target: string,
): Explained {
  if (!isFault(explanation)) return explanation
  throw new PortolanError('USAGE', `cannot explain ${target}: ${explanation.message}`, { target })
}

async function askAdmin(url: string, runtime: AdminRuntime): Promise<unknown> {
  const reply = await getAsClient(url, runtime).catch((error) => {
    throw unreachable(`cannot reach the admin service at ${url}: ${reasonOf(error)}`)
  })
  try {
    const value = JSON.parse(new TextDecoder().decode(await readBody(reply, ANSWER_MAX_BYTES)))
    if (reply.ok) return value
    if (reply.status === 400) return value.errors[0]
  } catch {
    // Whatever it is, it is not what an admin service says.
  }
  throw unreachable(`${url} answered ${reply.status} and nothing that an admin service says`)
}

/** A door that listens on every interface is where its admin service is. */
function doorUrl(door: string, admin: string): string {
  const scheme = door.startsWith('https://') ? 'https' : 'http'
  const text = door.replace('https://', '')
  const address = parseListenAddress(text)
  if (address !== undefined && ['', '0.0.0.0', '::'].includes(address.host)) {
    return `${scheme}://${new URL(admin).hostname}:${address.port}`
  }
  return `${scheme}://${text}`
}

function unreachable(message: string): PortolanError {
  return new PortolanError('UNREACHABLE', message)
}
