import type { Located } from '../clouds/located.ts'
import { tableOfPlaces } from '../clouds/table-of-places.ts'
import type { Config } from '../config/config.ts'
import type { Steps } from '../internal/steps.ts'
import type { Address } from '../net/address.ts'
import { createClientAddress } from '../net/client-address.ts'
import { parsePrefix } from '../net/prefix.ts'
import { createLocate, type Locate } from './locate.ts'

/** Says where an address is; `undefined` for somewhere. */
export type Lookup = (address: Address) => Located | undefined

/** Finds clients by the places that the config names, of which there may be tens of thousands, and then by the ranges. */
export function* locateByConfig(config: Config, lookup: Lookup): Steps<Locate> {
  const { clients } = config
  const clientAddress = createClientAddress({
    trustedProxies: clients.trustedProxies.map((text) => parsePrefix(text)),
    header: clients.header,
  })
  return createLocate(clientAddress, yield* lookupByConfig(config, lookup))
}

/** Where an address is by the places that the config names, and then by the ranges. */
export function* lookupByConfig({ clouds }: Pick<Config, 'clouds'>, lookup: Lookup): Steps<Lookup> {
  if (clouds.places.length === 0) return lookup
  const overrides = yield* tableOfPlaces(clouds.places)
  return (address) => overrides.lookup(address) ?? lookup(address)
}
