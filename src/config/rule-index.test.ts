import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { RuleConfig } from './config.ts'
import { RuleIndex } from './rule-index.ts'

type When = RuleConfig['when']

const values = fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { minLength: 1 })
const whens = fc.record({ cloud: values, region: values, country: values }, { requiredKeys: [] })

function covers(outer: When, inner: When): boolean {
  return (['cloud', 'region', 'country'] as const).every(
    (key) => outer[key] === undefined || inner[key]?.every((value) => outer[key]!.includes(value)),
  )
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
