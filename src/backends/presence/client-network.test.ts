import { expect, it } from 'vitest'
import { parseAddress } from '../../net/address.ts'
import { networkOf, subscriberOf } from './client-network.ts'

it.each([
  ['35.180.1.1', '35.180.1.1', { network: true, subscriber: true }],
  ['35.180.1.1', '35.180.1.254', { network: true, subscriber: false }],
  ['35.180.1.1', '35.180.2.1', { network: false, subscriber: false }],
  ['2001:db8:1:2::1', '2001:db8:1:2:3::4', { network: true, subscriber: true }],
  ['2001:db8:1::1', '2001:db8:1:ffff::2', { network: true, subscriber: false }],
  ['2001:db8:1::1', '2001:db8:2::1', { network: false, subscriber: false }],
])('%s and %s: the same %o', (one, other, same) => {
  const [a, b] = [parseAddress(one), parseAddress(other)]
  expect({ network: networkOf(a) === networkOf(b), subscriber: subscriberOf(a) === subscriberOf(b) }).toEqual(
    same,
  )
})

it('gives those whose address is not known one number', () => {
  expect([networkOf(undefined), subscriberOf(undefined)]).toEqual([0, 0])
})
