import fc from 'fast-check'
import { expect, it } from 'vitest'
import { IOWA, PARIS } from '../../test/support/places.ts'
import { upstreamAt, viewOf } from '../../test/support/view.ts'
import type { RuleConfig } from '../config/config.ts'
import { parseAddress } from '../net/address.ts'
import { parsePrefix, prefixContains } from '../net/prefix.ts'

const PREFIXES = [
  '0.0.0.0/0',
  '10.0.0.0/8',
  '10.0.0.0/30',
  '10.0.0.2/31',
  '10.0.0.3',
  '::/0',
  '2001:db8::/48',
]
const ADDRESSES = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.1.0.0', '192.0.2.1', '2001:db8::1', '2001:db8:1::']

const rules = fc.array(
  fc.record(
    {
      prefix: fc.uniqueArray(fc.constantFrom(...PREFIXES), { minLength: 1, maxLength: 3 }),
      repository: fc.constantFrom(['a'], ['b'], ['a', 'b']),
      cloud: fc.constantFrom(['aws'], ['gcp']),
    },
    { requiredKeys: [] },
  ),
  { maxLength: 12 },
)
const asked = fc.record({
  address: fc.option(fc.constantFrom(...ADDRESSES), { nil: undefined }),
  repository: fc.option(fc.constantFrom('a', 'b', 'c'), { nil: undefined }),
  place: fc.constantFrom(PARIS, IOWA, undefined),
})

/** What a rule asks, said plainly. */
function holds(
  when: RuleConfig['when'],
  { address, repository, place }: { address?: string; repository?: string; place?: typeof PARIS },
): boolean {
  const at = address === undefined ? undefined : parseAddress(address)
  return (
    (when.prefix === undefined ||
      when.prefix.some((text) => at !== undefined && prefixContains(parsePrefix(text), at))) &&
    (when.repository === undefined || when.repository.includes(repository ?? '')) &&
    (when.cloud === undefined || when.cloud.includes(place?.cloud ?? ''))
  )
}

it('finds the first rule whose conditions all hold, as looking at each does', () => {
  fc.assert(
    fc.property(rules, fc.array(asked, { maxLength: 10 }), (whens, requests) => {
      const routing = whens.map((when) => ({ when, prefer: ['upstreams'] }))
      const view = viewOf([upstreamAt('iowa', IOWA, { canonical: true })], [], routing)
      for (const { address, repository, place } of requests) {
        const at = address === undefined ? undefined : parseAddress(address)
        const request = {
          ...(address && { address }),
          ...(repository && { repository }),
          ...(place && { place }),
        }
        const first = whens.findIndex((when) => holds(when, request))
        const { rule } = view.candidates(place, at, repository)
        expect(rule).toBe(first < 0 ? undefined : first + 1)
      }
    }),
    { numRuns: 1000 },
  )
})

it('looks at few of many rules that name networks', () => {
  let looked = 0
  const routing = Array.from({ length: 2000 }, (_, index) => ({
    when: {
      prefix: [`10.${index >> 8}.${index & 255}.0/24`],
      get cloud() {
        looked++
        return ['aws']
      },
    },
    prefer: ['upstreams'],
  }))
  const view = viewOf([upstreamAt('iowa', IOWA, { canonical: true })], [], routing)
  view.candidates(PARIS)
  looked = 0
  for (const last of [0, 7]) {
    expect(view.candidates(PARIS, parseAddress(`10.4.2.${last}`), 'a').rule).toBe(4 * 256 + 3)
  }
  expect(looked).toBeLessThan(20)
})
