import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatAddress } from './address.ts'
import { type ClientAddress, createClientAddress } from './client-address.ts'
import { parsePrefix } from './prefix.ts'

const TRUSTED = ['127.0.0.0/8', '::1', '10.0.0.0/8', '2001:db8:aaaa::/48'].map((text) => parsePrefix(text))

function clientOf(peer: string, header: string | undefined, name = 'x-forwarded-for'): string {
  const find = createClientAddress({ trustedProxies: TRUSTED, header: name })
  return describeClient(find(peer, (asked) => (asked === name ? header : undefined)))
}

function describeClient({ address, via }: ClientAddress): string {
  return address === undefined ? via : `${formatAddress(address)} ${via}`
}

describe('the client', () => {
  it.each([
    ['is the peer without a header', '192.0.2.1', undefined, '192.0.2.1 peer'],
    ['is the peer when that is not trusted, whatever it says', '192.0.2.1', '198.51.100.1', '192.0.2.1 peer'],
    ['is a trusted peer without a header', '127.0.0.1', undefined, '127.0.0.1 peer'],
    ['is unknown without an address of the peer', '', '198.51.100.1', 'unknown'],
    ['is the one hop there is', '127.0.0.1', '198.51.100.1', '198.51.100.1 header'],
    ['is found through an IPv4-mapped peer', '::ffff:127.0.0.1', '198.51.100.1', '198.51.100.1 header'],
    [
      'is the last hop that is not trusted',
      '::1',
      '203.0.113.9, 198.51.100.1, 10.1.2.3',
      '198.51.100.1 header',
    ],
    ['is not what the client forges', '::1', '10.0.0.1, 203.0.113.9, 198.51.100.1', '198.51.100.1 header'],
    ['is the first hop when all are trusted', '::1', '10.0.0.7, 10.0.0.1', '10.0.0.7 header'],
    ['may have a port', '::1', '198.51.100.1:4711', '198.51.100.1 header'],
    ['may be IPv6', '::1', '2001:db8::7', '2001:db8::7 header'],
    ['may be IPv6 in brackets', '::1', '[2001:db8::7]', '2001:db8::7 header'],
    ['may be IPv6 with a port', '::1', '[2001:db8::7]:443,[2001:db8:aaaa::1]:1', '2001:db8::7 header'],
    ['may be in quotes', '::1', '"[2001:db8::7]:443"', '2001:db8::7 header'],
    ['may have white space around it', '::1', '  198.51.100.1\t, 10.0.0.1 ', '198.51.100.1 header'],
    ['is unknown when the header is empty', '::1', '', 'unknown'],
    ['is unknown when a hop is empty', '::1', '198.51.100.1,', 'unknown'],
    [
      'is unknown when a hop is malformed, whatever stands left of it',
      '::1',
      '198.51.100.1, x, 10.0.0.1',
      'unknown',
    ],
    [
      'is known when what is malformed stands left of it',
      '::1',
      'x, "", [, 198.51.100.1',
      '198.51.100.1 header',
    ],
    ['is unknown with a bad port', '::1', '198.51.100.1:99999999', 'unknown'],
    ['is unknown with a bracket left open', '::1', '[2001:db8::7', 'unknown'],
    ['is unknown with a quote left open', '::1', '"198.51.100.1', 'unknown'],
    ['is unknown with IPv4 in brackets', '::1', '[198.51.100.1]', 'unknown'],
    ['is unknown after more than 32 proxies', '::1', `198.51.100.1${', 10.0.0.1'.repeat(40)}`, 'unknown'],
    ['is known behind 31 proxies', '::1', `198.51.100.1${', 10.0.0.1'.repeat(31)}`, '198.51.100.1 header'],
    [
      'is known in a header that a client made long',
      '::1',
      `${'x'.repeat(9000)}, 198.51.100.1`,
      '198.51.100.1 header',
    ],
    ['is unknown when its own hop is that long', '::1', 'x'.repeat(9000), 'unknown'],
  ])('%s', (_, peer, header, expected) => {
    expect(clientOf(peer, header)).toBe(expected)
  })
})

describe('an unknown client', () => {
  it.each([
    ['', '198.51.100.1', 'peer'],
    ['fe80::1%eth0', '198.51.100.1', 'peer'],
    ['::1', '198.51.100.1, unknown', 'header'],
    ['::1', `198.51.100.1${', 10.0.0.1'.repeat(32)}`, 'too-far'],
    ['::1', `198.51.100.1,${' '.repeat(4096)}10.0.0.1`, 'too-far'],
  ])('says why: %j, %j', (peer, header, reason) => {
    const find = createClientAddress({ trustedProxies: TRUSTED, header: 'x-forwarded-for' })
    expect(find(peer, () => header)).toEqual({ via: 'unknown', address: undefined, reason })
  })
})

it('is asked for again with each peer and each header, whose name may be in any case', () => {
  const find = createClientAddress({ trustedProxies: TRUSTED, header: 'X-Forwarded-For' })
  const clientFrom = (peer: string, hop: string) =>
    describeClient(find(peer, (name) => (name === 'x-forwarded-for' ? hop : undefined)))
  expect(clientFrom('::1', '198.51.100.1')).toBe('198.51.100.1 header')
  expect(clientFrom('::1', '198.51.100.2')).toBe('198.51.100.2 header')
  expect(clientFrom('192.0.2.1', '198.51.100.3')).toBe('192.0.2.1 peer')
  expect(clientFrom('', '198.51.100.4')).toBe('unknown')
  expect(clientFrom('::1', '198.51.100.5')).toBe('198.51.100.5 header')
})

describe('the client by Forwarded', () => {
  it.each([
    ['for=198.51.100.1', '198.51.100.1 header'],
    ['For="198.51.100.1:80";proto=https', '198.51.100.1 header'],
    ['proto=https;by=10.0.0.1;for="[2001:db8::7]:443"', '2001:db8::7 header'],
    ['for=203.0.113.9, for=198.51.100.1;host="a,b;for=1.2.3.4", for=10.0.0.1', '198.51.100.1 header'],
    ['for="x\\"y", for=198.51.100.1', '198.51.100.1 header'],
    ['for=198.51.100.1:_port', '198.51.100.1 header'],
    ['for=", for=198.51.100.1', '198.51.100.1 header'],
    ['for=unknown', 'unknown'],
    ['for=_hidden, for=10.0.0.1', 'unknown'],
    ['proto=https', 'unknown'],
    ['for=198.51.100.1;for=203.0.113.9', 'unknown'],
    ['', 'unknown'],
  ])('%s', (header, expected) => {
    expect(clientOf('127.0.0.1', header, 'forwarded')).toBe(expected)
  })
})

describe('the client by a header of one address', () => {
  it.each([
    ['198.51.100.1', '198.51.100.1 header'],
    ['10.0.0.1', '10.0.0.1 header'],
    ['198.51.100.1, 203.0.113.9', 'unknown'],
    ['', 'unknown'],
  ])('%j', (header, expected) => {
    expect(clientOf('127.0.0.1', header, 'cf-connecting-ip')).toBe(expected)
  })
})

it('is never chosen by what stands left of the first hop that is not trusted', () => {
  const names = fc.constantFrom('x-forwarded-for', 'forwarded')
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), names, (forged, name) => {
      const own = name === 'forwarded' ? 'for=198.51.100.1' : '198.51.100.1'
      // An odd quote would reach into what the proxy wrote; then nothing is known, which no client gains by.
      expect(['198.51.100.1 header', 'unknown']).toContain(clientOf('127.0.0.1', `${forged}, ${own}`, name))
    }),
    { numRuns: 1000 },
  )
})
