import { expect, it } from 'vitest'
import { finish, ITEMS_PER_STEP } from '../internal/steps.ts'
import { parseAddress } from '../net/address.ts'
import { tableOfPlaces } from './table-of-places.ts'

it('finds the place of an address by its longest prefix', () => {
  const table = finish(
    tableOfPlaces([
      { prefix: '10.0.0.0/8', at: 'my/berlin' },
      { prefix: '10.1.0.0/16', at: 'my/paris' },
      { prefix: '2001:db8::/32', at: 'my/berlin' },
    ]),
  )
  const names = ['10.2.3.4', '10.1.2.3', '2001:db8::1', '192.0.2.1'].map(
    (text) => table.lookup(parseAddress(text)!)?.place.name,
  )
  expect(names).toEqual(['my/berlin', 'my/paris', 'my/berlin', undefined])
})

it('reads no more places in one step than a step may handle, and makes the table of them in as many again at least', () => {
  let read = 0
  const count = 5 * ITEMS_PER_STEP + 1
  const places = Array.from({ length: count }, (_, index) => ({
    get prefix() {
      read++
      return `10.${(index >> 8) & 255}.${index & 255}.0/24`
    },
    at: `my/region-${index % 100}`,
  }))
  const steps = tableOfPlaces(places.toReversed())
  const perStep: number[] = []
  for (let before = 0; steps.next().done !== true; before = read) perStep.push(read - before)
  expect(Math.max(...perStep)).toBe(ITEMS_PER_STEP)
  expect(read).toBe(count)
  expect(perStep.filter((each) => each === 0).length).toBeGreaterThanOrEqual(5)
})
