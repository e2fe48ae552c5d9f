import { parseAddress } from '../../net/address.ts'
import type { Connection } from '../../runtime.ts'
import { type ConnectTry, type Exchange, type Family, PullFault } from './facts.ts'
import { faultOf } from './fault-of.ts'
import { inTime, type NetworkRuntime } from './in-time.ts'
import { askNameServers, noAddress } from './name-servers.ts'
import type { NetworkView } from './view.ts'

/** So many addresses of a name are tried: clients give up before they have tried more. */
const ADDRESSES_MAX = 4
/** A name is looked up much sooner, in milliseconds. */
export const SLOW = 1000
const FAMILIES = [4, 6] as const

interface Addresses {
  readonly of: { readonly [family in Family]: readonly string[] }
  readonly isLiteral: boolean
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
  const asked = runtime.now()
  const { of, errors, isLiteral } = await lookUp(host, families, timeout, runtime)
  exchange.addresses = {
    ...(families.includes(4) && { ipv4: of[4] }),
    ...(families.includes(6) && { ipv6: of[6] }),
  }
  const all = families.flatMap((one) =>
    of[one].slice(0, ADDRESSES_MAX).map((address) => ({ address, family: one })),
  )
  if (!isLiteral) {
    exchange.lookedUpIn = Math.round(runtime.now() - asked)
    if (all.length === 0 || exchange.lookedUpIn >= SLOW)
      exchange.nameServers = await askNameServers(host, families, timeout, runtime)
  }
  if (all.length === 0) throw noAddress(host, families, errors, exchange)
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
  throw (isLiteral ? undefined : otherFamily(host, families, exchange, runtime)) ?? last
}

/** A host of one family alone, of which this machine has no address. */
function otherFamily(
  host: string,
  families: readonly Family[],
  { tries }: Exchange,
  { sockets }: NetworkRuntime,
): PullFault | undefined {
  const [first] = tries
  const isOne = tries.every(({ family, fault }) => family === first?.family && fault?.cause === 'unreachable')
  if (first === undefined || families.length === 1 || !isOne) return undefined
  const own = sockets.families()
  if (own.length === 0 || own.includes(first.family)) return undefined
  const detail = `it has addresses of IPv${first.family} alone (${tries.map(({ address }) => address).join(', ')}), and this machine has IPv${own.join(' and IPv')}: ${first.fault!.detail}`
  return new PullFault({ cause: 'address-family', detail: `${host}: ${detail}` })
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
    return {
      of: { 4: [], 6: [], [literal.family]: [host] } as Addresses['of'],
      ...{ errors: [], isLiteral: true },
    }
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
  return { of, errors, isLiteral: false }
}
