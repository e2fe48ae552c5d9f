import { expect, it } from 'vitest'
import { createTestClock } from '../../../test/support/test-clock.ts'
import { parseAddress } from '../../net/address.ts'
import { parseDigest } from '../../oci/digest.ts'
import { createRepeats } from './repeats.ts'

const address = (text: string) => parseAddress(text)!
const digest = (n: number) => parseDigest(`sha256:${n.toString(16).padStart(64, '0')}`)!

it('notices a client that comes back for the same blob at the same store within seconds', () => {
  const clock = createTestClock()
  const repeats = createRepeats(clock)
  expect(repeats.isRepeated(address('192.0.2.1'), 'paris', digest(1))).toBe(false)
  clock.advance(9999)
  expect(repeats.isRepeated(address('192.0.2.1'), 'paris', digest(1))).toBe(true)
  clock.advance(10_000)
  expect(repeats.isRepeated(address('192.0.2.1'), 'paris', digest(1))).toBe(false)
})

it.each([
  ['another client', '192.0.2.2', 'paris', 1],
  ['another client of the same network of IPv6', '2001:db8::2', 'paris', 1],
  ['another store', '192.0.2.1', 'london', 1],
  ['another blob', '192.0.2.1', 'paris', 2],
])('thinks nothing of %s', (_, client, backend, n) => {
  const repeats = createRepeats(createTestClock())
  repeats.isRepeated(address('192.0.2.1'), 'paris', digest(1))
  repeats.isRepeated(address('2001:db8::1'), 'paris', digest(1))
  expect(repeats.isRepeated(address(client), backend, digest(n))).toBe(false)
})

it('takes hardly anybody for somebody else', () => {
  const repeats = createRepeats(createTestClock())
  let mistaken = 0
  for (let n = 0; n < 100_000; n++) {
    if (repeats.isRepeated(address(`10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`), 'paris', digest(n)))
      mistaken++
  }
  expect(mistaken).toBeLessThan(10)
})
