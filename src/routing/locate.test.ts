import { expect, it } from 'vitest'
import type { Located } from '../clouds/located.ts'
import { createClientAddress } from '../net/client-address.ts'
import { parsePrefix } from '../net/prefix.ts'
import { createLocate } from './locate.ts'

const located = (name: string, source: Located['source']): Located => ({ place: { name }, source })
const SEEN = located('country/FR', 'country')
const PROXY = '192.0.2.1'

const clientAddress = createClientAddress({
  trustedProxies: [parsePrefix(`${PROXY}/32`)],
  header: 'x-forwarded-for',
})

it.each<[title: string, known: Located | undefined, expected: string | undefined]>([
  ['nothing is known of the address', undefined, 'country/FR'],
  ['the config says where it is', located('test/paris', 'override'), 'test/paris'],
  ['a cloud lists it', located('aws/eu-west-3', 'range'), 'aws/eu-west-3'],
  ['only its network is known', located('aws/us', 'asn'), 'country/FR'],
  ['only its country is known', located('country/US', 'country'), 'country/FR'],
])('a client that the runtime saw, where %s', (_, known, expected) => {
  const locate = createLocate(clientAddress, () => known)
  const client = locate({ peer: '198.51.100.7', seen: SEEN, header: () => undefined })
  expect(client.located?.place.name).toBe(expected)
})

it.each<[title: string, peer: string, forwarded: string | undefined, expected: string | undefined]>([
  ['speaks for itself, though it is a trusted proxy', PROXY, undefined, 'country/FR'],
  ['has no address', '', undefined, 'country/FR'],
  ['is behind a trusted proxy, which is what was seen', PROXY, '198.51.100.7', undefined],
  ['is hidden by a trusted proxy', PROXY, 'unknown', undefined],
  ['forges a header', '198.51.100.7', '203.0.113.9', 'country/FR'],
])('a client that %s', (_, peer, forwarded, expected) => {
  const locate = createLocate(clientAddress, () => undefined)
  const client = locate({ peer, seen: SEEN, header: () => forwarded })
  expect(client.located?.place.name).toBe(expected)
})

it('a place that the runtime knows goes before all', () => {
  const locate = createLocate(clientAddress, () => located('test/paris', 'override'))
  const client = locate({ peer: PROXY, place: 'aws/eu-west-1', seen: SEEN, header: () => undefined })
  expect(client.located).toMatchObject({ place: { name: 'aws/eu-west-1' }, source: 'given' })
})
