import type { Located } from '../clouds/located.ts'
import { placeOf } from '../clouds/places.ts'
import type { Address } from '../net/address.ts'
import type { ClientAddress } from '../net/client-address.ts'

/** Who asks, as far as it can be told. */
export interface Client {
  readonly address: Address | undefined
  /** Where the address was read from. */
  readonly via: ClientAddress['via']
  /** Its place and how that is known; `undefined` for somewhere. */
  readonly located: Located | undefined
}

/** What a client is found by. */
export interface Sender {
  /** Address of the connection's other end; empty when there is none, as on a unix socket. */
  readonly peer: string
  /** The name of its place, such as `aws/eu-west-3`, where the runtime knows that. */
  readonly place?: string
  /** Where the runtime saw the peer, by its network or its country; the config and a cloud's own list are surer. */
  readonly seen?: Located
  /** A header by its lower-case name; several of one name are joined by `, ` in their order. */
  header(name: string): string | undefined
}

/** Finds the client behind a request and its place. */
export type Locate = (sender: Sender) => Client

/** Joins who the client is (headers and trusted proxies) with where that address is. */
export function createLocate(
  clientAddress: (peer: string, header: (name: string) => string | undefined) => ClientAddress,
  lookup: (address: Address) => Located | undefined,
): Locate {
  return (sender) => {
    const found = clientAddress(sender.peer, (name) => sender.header(name))
    const { address, via } = found
    // Whom a proxy speaks for is where the proxy is only by chance.
    const isPeer = via === 'peer' || (via === 'unknown' && found.reason === 'peer')
    const seen = isPeer ? sender.seen : undefined
    return { address, via, located: locatedOf(sender.place, seen, address, lookup) }
  }
}

function locatedOf(
  place: string | undefined,
  seen: Located | undefined,
  address: Address | undefined,
  lookup: (address: Address) => Located | undefined,
): Located | undefined {
  if (place !== undefined) return { place: placeOf(place), source: 'given' }
  const found = address === undefined ? undefined : lookup(address)
  if (seen === undefined) return found
  return found?.source === 'override' || found?.source === 'range' ? found : seen
}
