import { expect, it } from 'vitest'
import { parseAddress } from '../../net/address.ts'
import { KeyHash } from './key-hash.ts'

const key = new KeyHash(() => 0.5)

function hash(address: string, text = ''): string {
  key.address(parseAddress(address)!)
  key.text(text)
  return `${key.low} ${key.high}`
}

it.each([
  ['one IPv4 address', '192.0.2.1', '192.0.2.1'],
  ['two of one /64', '2001:db8:1:2::1', '2001:db8:1:2:ffff::9'],
  ['one, mapped into IPv6', '192.0.2.1', '::ffff:192.0.2.1'],
])('takes %s for one client', (_, one, other) => expect(hash(one)).toBe(hash(other)))

it.each([
  ['two IPv4 addresses', '192.0.2.1', '192.0.2.2'],
  ['two /64', '2001:db8:1:2::1', '2001:db8:1:3::1'],
  ['IPv4 and IPv6 of the same bits', '192.0.2.1', 'c000:201::'],
])('tells %s apart', (_, one, other) => expect(hash(one)).not.toBe(hash(other)))

it.each([
  ['', 'a'],
  ['abcd', 'abcde'],
  ['app:v1', 'app:v2'],
  ['sha256:00000000000000001', 'sha256:00000000000000002'],
])('tells %j from %j', (one, other) => expect(hash('192.0.2.1', one)).not.toBe(hash('192.0.2.1', other)))

it('takes hardly any content for other content', () => {
  const seen = new Set(
    Array.from({ length: 100_000 }, (_, n) => hash('192.0.2.1', n.toString(16).padStart(64, '0'))),
  )
  expect(seen.size).toBe(100_000)
})

it('cannot be foreseen without its seeds', () => {
  const other = new KeyHash(() => 0.25)
  key.address(parseAddress('192.0.2.1')!)
  other.address(parseAddress('192.0.2.1')!)
  expect([other.low, other.high]).not.toEqual([key.low, key.high])
})
