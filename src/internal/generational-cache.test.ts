import fc from 'fast-check'
import { expect, it } from 'vitest'
import { GenerationalCache } from './generational-cache.ts'

it('never holds more than its bound, and never gives a wrong value', () => {
  const operation = fc.tuple(fc.constantFrom('get', 'set', 'delete'), fc.nat(30), fc.nat())
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 20 }),
      fc.array(operation, { maxLength: 300 }),
      (bound, operations) => {
        const cache = new GenerationalCache<number, number>(bound)
        const truth = new Map<number, number>()
        for (const [kind, key, value] of operations) {
          if (kind === 'get') expect([truth.get(key), undefined]).toContain(cache.get(key))
          else if (kind === 'set') {
            cache.set(key, value)
            truth.set(key, value)
            expect(cache.get(key)).toBe(value)
          } else {
            cache.delete(key)
            truth.delete(key)
            expect(cache.get(key)).toBeUndefined()
          }
          expect(cache.size).toBeLessThanOrEqual(bound)
        }
      },
    ),
  )
})

it('keeps what is used while what is not used goes', () => {
  const cache = new GenerationalCache<string, number>(10)
  cache.set('hot', 1)
  for (let n = 0; n < 1000; n++) {
    cache.set(`cold-${n}`, n)
    expect(cache.get('hot')).toBe(1)
  }
  expect(cache.get('cold-0')).toBeUndefined()
})
