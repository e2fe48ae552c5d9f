import { expect, it } from 'vitest'
import { LoudAddress } from './loud-address.ts'

const SLICE = 10 * 60_000

/** Whether the first address is muted after so many slices of requests, of which it brings this share. */
function isMuted(slices: number, requests: number, addresses: number, share: number): boolean {
  const loud = new LoudAddress()
  let muted = false
  for (let slice = 0; slice <= slices; slice++)
    for (let n = 0; n < requests; n++) {
      const other = 2 + (n % (addresses - 1))
      const isFirst = n % 100 < 100 * share
      const answer = loud.note(isFirst ? 1 : other, slice * SLICE + n)
      if (isFirst) muted = answer
    }
  return muted
}

it.each([
  ['a load balancer', 2, 2000, 40, 0.9, true],
  ['a quarter of all requests', 2, 2000, 40, 0.25, true],
  ['a fifth', 2, 2000, 40, 0.2, false],
  ['a crowd, for ten minutes', 1, 2000, 40, 0.9, false],
  ['few addresses', 2, 2000, 19, 0.9, false],
])(
  'mutes %s: after %i slices of %i requests of %i addresses with a share of %d: %j',
  (_, slices, requests, addresses, share, expected) => {
    expect(isMuted(slices, requests, addresses, share)).toBe(expected)
  },
)

it('looks at a thousand requests at least', () => {
  expect(isMuted(4, 400, 40, 0.9)).toBe(false)
  expect(isMuted(8, 400, 40, 0.9)).toBe(true)
})

it('listens again when the share has gone down', () => {
  const loud = new LoudAddress()
  for (let slice = 0; slice < 3; slice++)
    for (let n = 0; n < 1000; n++) loud.note(n % 3 === 0 ? 1 : n % 50, slice * SLICE + n)
  expect(loud.share).toBeCloseTo(1 / 3, 1)
  for (let slice = 3; slice < 5; slice++) for (let n = 0; n < 1000; n++) loud.note(n % 50, slice * SLICE + n)
  expect(loud.share).toBe(undefined)
  expect(loud.note(1, 5 * SLICE)).toBe(false)
})
