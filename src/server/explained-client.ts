import { placeOf } from '../clouds/places.ts'
import { readPlaceName } from '../config/place-name.ts'
import { type Refusal, refused } from '../config/refusal.ts'
import { type Address, formatAddress, parseAddress } from '../net/address.ts'
import type { Sender } from '../routing/locate.ts'

/** A client that a request is explained for: by its address, or by where it is. */
export type ExplainedFrom = Address | { readonly place: string }

/** Reads an address, a place such as `aws/eu-west-3`, or a country by its ISO 3166-1 code, such as `CL`. */
export function readFrom(text: string): ExplainedFrom | Refusal {
  const address = parseAddress(text)
  if (address !== undefined) return address
  if (/^[A-Za-z]{2}$/.test(text)) {
    const place = `country/${text.toUpperCase()}`
    return placeOf(place).coordinates === undefined
      ? refused('must be a country of ISO 3166-1, such as CL')
      : { place }
  }
  if (!text.includes('/')) {
    return refused('must be an IPv4 or IPv6 address, a place such as aws/eu-west-3, or a country such as CL')
  }
  const place = readPlaceName(text)
  return typeof place === 'string' ? { place } : place
}

/** That client as the door would see it. */
export function senderOf(from: ExplainedFrom): Sender {
  const header = () => undefined
  return 'place' in from ? { peer: '', place: from.place, header } : { peer: formatAddress(from), header }
}
