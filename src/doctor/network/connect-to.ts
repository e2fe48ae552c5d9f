import { parseAddress } from '../../net/address.ts'
import type { Connection } from '../../runtime.ts'
import { type ConnectTry, type Exchange, type Family, PullFault } from './facts.ts'
import { faultOf } from './fault-of.ts'
import { inTime, type NetworkRuntime } from './in-time.ts'
import type { NetworkView } from './view.ts'

/** So many addresses of a name are tried: clients give up before they have tried more. */
const ADDRESSES_MAX = 4
const FAMILIES = [4, 6] as const

interface Addresses {
  readonly of: { readonly [family in Family]: readonly string[] }
  /** Why a family has none. */
  readonly errors: readonly unknown[]
}

/**
 * Connects to the host of a URL: first to addresses of `family`, then to those of the other, as clients do that have both.
 * Rejects with what the last try said.
 */
export async function connectTo(
  url: URL,
  family: Family,
  { timeout, only }: Pick<NetworkView, 'timeout' | 'only'>,
  runtime: NetworkRuntime,
  exchange: Exchange,
): Promise<Connection> {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const families = only === undefined ? FAMILIES.toSorted((one) => (one === family ? -1 : 1)) : [only]
  const { of, errors } = await lookUp(host, families, timeout, runtime)
  exchange.addresses = {
    ...(families.includes(4) && { ipv4: of[4] }),
    ...(families.includes(6) && { ipv6: of[6] }),
  }
  const all = families.flatMap((one) =>
    of[one].slice(0, ADDRESSES_MAX).map((address) => ({ address, family: one })),
  )
  if (all.length === 0) throw noAddress(host, families, errors)
  let last: unknown
  for (const to of all) {
    const begun = runtime.now()
    const note = (fault?: ConnectTry['fault']) =>
      exchange.tries.push({ ...to, milliseconds: Math.round(runtime.now() - begun), ...(fault && { fault }) })
    try {
      const connection = await inTime(runtime, timeout, (signal) =>
        runtime.sockets.connect(to.address, portOf(url), signal),
      )
      note()
      return connection
    } catch (error) {
      last = error
      note(faultOf(error))
    }
  }
  throw last
}

/** The port of a URL, its scheme's own where none is said. */
export function portOf({ port, protocol }: Pick<URL, 'port' | 'protocol'>): number {
  return Number(port) || (protocol === 'https:' ? 443 : 80)
}

async function lookUp(
  host: string,
  families: readonly Family[],
  timeout: number,
  runtime: NetworkRuntime,
): Promise<Addresses> {
  const literal = parseAddress(host)
  if (literal !== undefined)
    return { of: { 4: [], 6: [], [literal.family]: [host] } as Addresses['of'], errors: [] }
  const of: Record<Family, readonly string[]> = { 4: [], 6: [] }
  const errors: unknown[] = []
  await Promise.all(
    families.map(async (family) => {
      try {
        of[family] = await inTime(runtime, timeout, () => runtime.sockets.lookup(host, family))
      } catch (error) {
        errors.push(error)
      }
    }),
  )
  return { of, errors }
}

function noAddress(host: string, families: readonly Family[], errors: readonly unknown[]): PullFault {
  const details = [...new Set(errors.map((error) => faultOf(error).detail))]
  const kind = families.length === 1 ? `address of IPv${families[0]}` : 'address'
  const detail = `${host} has no ${kind}${details.length === 0 ? '' : `: ${details.join('; ')}`}`
  return new PullFault({ cause: 'dns', detail })
}
