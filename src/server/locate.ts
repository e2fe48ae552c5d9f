import type { Located } from '../clouds/located.ts'
import type { Address } from '../net/address.ts'
import type { ClientAddress } from '../net/client-address.ts'
import type { DoorRequest } from './request.ts'

/** Who asks, as far as it can be told. */
export interface Client {
  readonly address: Address | undefined
  /** Where the address was read from. */
  readonly via: ClientAddress['via']
  /** Its place and how that is known; `undefined` for somewhere. */
  readonly located: Located | undefined
}

/** Finds the client behind a request and its place. */
export type Locate = (request: DoorRequest) => Client

/** Joins who the client is (headers and trusted proxies) with where that address is. */
export function createLocate(
  clientAddress: (peer: string, header: (name: string) => string | undefined) => ClientAddress,
  lookup: (address: Address) => Located | undefined,
): Locate {
  return (request) => {
    const { address, via } = clientAddress(request.peer, (name) => request.header(name))
    return { address, via, located: address === undefined ? undefined : lookup(address) }
  }
}
