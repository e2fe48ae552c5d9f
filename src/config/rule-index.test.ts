import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { RuleConfig } from './config.ts'
import { RuleIndex } from './rule-index.ts'

type When = RuleConfig['when']

const values = fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { minLength: 1 })
/** Small, so that all addresses can be tried: what lies in them is listed. */
const PREFIXES: Readonly<Record<string, readonly number[]>> = {
  '10.0.0.0/30': [0, 1, 2, 3],
  '10.0.0.0/31': [0, 1],
  '10.0.0.2/31': [2, 3],
  '10.0.0.3': [3],
  '::/126': [10, 11, 12, 13],
  '::2/127': [12, 13],
}
const prefix = fc.uniqueArray(fc.constantFrom(...Object.keys(PREFIXES)), { minLength: 1, maxLength: 2 })
const whens = fc.record(
  { cloud: values, region: values, country: values, repository: values, prefix },
  { requiredKeys: [] },
)

function covers(outer: When, inner: When): boolean {
  const listed = (['cloud', 'region', 'country', 'repository'] as const).every(
    (key) => outer[key] === undefined || inner[key]?.every((value) => outer[key]!.includes(value)),
  )
  if (!listed || outer.prefix === undefined) return listed
  const lieIn = (text: string, wider: string) =>
    PREFIXES[text]!.every((address) => PREFIXES[wider]!.includes(address))
  return inner.prefix?.every((text) => outer.prefix!.some((wider) => lieIn(text, wider))) ?? false
}

it('finds the first rule that covers a later one, as looking at each before it does', () => {
  fc.assert(
    fc.property(fc.array(whens, { maxLength: 30 }), (rules) => {
      const index = new RuleIndex()
      for (const [position, when] of rules.entries()) {
        const first = rules.slice(0, position).findIndex((before) => covers(before, when))
        expect(index.add(when)).toBe(first < 0 ? undefined : first)
      }
    }),
    { numRuns: 500 },
  )
})

it('knows a prefix however it is written', () => {
  const index = new RuleIndex()
  index.add({ prefix: ['2001:db8::/32', '::ffff:192.0.2.0/120'] })
  expect(index.add({ prefix: ['192.0.2.7'] })).toBe(0)
  expect(index.add({ prefix: ['2001:0DB8:1::/48'] })).toBe(0)
  expect(index.add({ prefix: ['2001:db9::/48'] })).toBeUndefined()
  expect(index.add({})).toBeUndefined()
})

it('looks at few of many rules that have nothing in common', () => {
  let looked = 0
  const index = new RuleIndex()
  for (let n = 0; n < 1000; n++) {
    const region = [`r${n}`]
    index.add({
      get cloud() {
        looked++
        return ['my']
      },
      region,
    })
  }
  expect(looked).toBeLessThan(10_000)
})
