import { parseAddress } from '../../net/address.ts'
import { isLocalName, zoneOfAddress } from '../../net/host-zone.ts'
import type { CauseId } from '../errors/causes.ts'
import { portOf } from './connect-to.ts'
import { type Exchange, type Fault, PullFault } from './facts.ts'
import { inTime, type NetworkRuntime } from './in-time.ts'
import { askNameServers, sayNameServers } from './name-servers.ts'
import type { NetworkView } from './view.ts'

/** What another machine may show, when it is asked in place of the one that is meant. */
const OF_ANOTHER: readonly CauseId[] = [
  ...['refused', 'timeout', 'unreachable', 'reset', 'plain-http', 'not-http'],
  ...['tls-name-mismatch', 'tls-unknown-authority', 'tls-handshake', 'tls-expired'],
] as const
/** So many other addresses are tried. */
const OTHERS_MAX = 4

/**
 * The fault `dns-wrong-address` where a name leads to another machine than it should, and the fault as it was otherwise.
 * The proof is an address that a name server has and where the certificate is the host's, or an address that no host of
 * others can have. Where a file of this machine says the address, that is told in any case.
 */
export async function blameAddress(
  url: URL,
  fault: Fault,
  view: NetworkView,
  runtime: NetworkRuntime,
  exchange: Exchange,
): Promise<PullFault> {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const isName = parseAddress(host) === undefined && exchange.addresses !== undefined
  if (!isName || exchange.proxy !== undefined || !OF_ANOTHER.includes(fault.cause))
    return new PullFault(fault)
  const families = view.only === undefined ? ([4, 6] as const) : [view.only]
  exchange.nameServers ??= await askNameServers(host, families, view.timeout, runtime)
  const used = [...(exchange.addresses?.ipv4 ?? []), ...(exchange.addresses?.ipv6 ?? [])]
  const from = runtime.sockets.hostsLine(host)
  const by = from === undefined ? sayNameServers(exchange.nameServers) : `${from} says so`
  const is = `${host} is looked up as ${used.join(', ')}${by === '' ? '' : `: ${by}`}`
  const right = url.protocol === 'https:' ? await findRight(url, used, view, runtime, exchange) : undefined
  if (right !== undefined) {
    const proof = `and it shows its certificate at ${right.address}, which name server ${right.server} says`
    return new PullFault({ cause: 'dns-wrong-address', detail: `${is}; ${proof}; there: ${fault.detail}` })
  }
  const own = used.find((address) => isNobodys(address) || (isOwn(address) && fault.cause === 'refused'))
  if (own !== undefined && from === undefined && !isLocalName(host) && exchange.nameServers.length > 0)
    return new PullFault({
      cause: 'dns-wrong-address',
      detail: `${is}; that is this machine itself; there: ${fault.detail}`,
    })
  return new PullFault(
    from === undefined ? fault : { ...fault, detail: `${fault.detail}; ${from} says that it is there` },
  )
}

/** An address of a name server's that is not used here, and where TLS is as it should be. */
async function findRight(
  url: URL,
  used: readonly string[],
  view: NetworkView,
  runtime: NetworkRuntime,
  { nameServers = [] }: Exchange,
) {
  const others = nameServers
    .flatMap(({ server, addresses }) => addresses.map((address) => ({ server, address })))
    .filter(({ address }) => !used.includes(address))
    .slice(0, OTHERS_MAX)
  const tries = others.map(async (other) => {
    const connection = await inTime(runtime, view.timeout, (signal) =>
      runtime.sockets.connect(other.address, portOf(url), signal),
    )
    try {
      const { fault } = await inTime(runtime, view.timeout, (signal) =>
        connection.secure(url.hostname, view.authorities, signal),
      )
      if (fault !== undefined) throw new Error(fault)
      return other
    } finally {
      connection.close()
    }
  })
  return Promise.any(tries).catch(() => undefined)
}

function isNobodys(address: string): boolean {
  return address === '0.0.0.0' || address === '::'
}

function isOwn(address: string): boolean {
  const parsed = parseAddress(address)
  return parsed !== undefined && zoneOfAddress(parsed) === 'loopback'
}
