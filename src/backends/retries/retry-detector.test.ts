import { expect, it } from 'vitest'
import { createTestClock } from '../../../test/support/test-clock.ts'
import { parseAddress } from '../../net/address.ts'
import { parseDigest } from '../../oci/digest.ts'
import { createRetryDetector } from './retry-detector.ts'

const address = (text: string) => parseAddress(text)!
const digest = (n: number) => parseDigest(`sha256:${n.toString(16).padStart(64, '0')}`)!

it('notices a client that comes back for the same blob at the same store within seconds', () => {
  const clock = createTestClock()
  const detector = createRetryDetector(clock)
  expect(detector.isRetry(address('192.0.2.1'), 'paris', digest(1))).toBe(false)
  clock.advance(9999)
  expect(detector.isRetry(address('192.0.2.1'), 'paris', digest(1))).toBe(true)
  clock.advance(10_000)
  expect(detector.isRetry(address('192.0.2.1'), 'paris', digest(1))).toBe(false)
})

it.each([
  ['another client', '192.0.2.2', 'paris', 1],
  ['another client of the same network of IPv6', '2001:db8::2', 'paris', 1],
  ['another store', '192.0.2.1', 'london', 1],
  ['another blob', '192.0.2.1', 'paris', 2],
])('thinks nothing of %s', (_, client, backend, n) => {
  const detector = createRetryDetector(createTestClock())
  detector.isRetry(address('192.0.2.1'), 'paris', digest(1))
  detector.isRetry(address('2001:db8::1'), 'paris', digest(1))
  expect(detector.isRetry(address(client), backend, digest(n))).toBe(false)
})

it('takes hardly anybody for somebody else', () => {
  const detector = createRetryDetector(createTestClock())
  let mistaken = 0
  for (let n = 0; n < 100_000; n++) {
    if (detector.isRetry(address(`10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`), 'paris', digest(n)))
      mistaken++
  }
  expect(mistaken).toBeLessThan(10)
})
