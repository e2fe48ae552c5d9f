import { expect, test } from 'vitest'
import { createTestClock } from '../../test/support/test-clock.ts'
import { parseDigest } from '../oci/digest.ts'
import { FailedBlobs } from './failed-blobs.ts'

const DIGEST = parseDigest(`sha256:${'a'.repeat(64)}`)!
const OTHER = parseDigest(`sha256:${'b'.repeat(64)}`)!

test('a blob that failed is refused for five seconds, and who gave it wrong is asked last for five minutes', () => {
  const clock = createTestClock()
  const failed = new FailedBlobs(clock)
  failed.note(DIGEST, ['near'])
  const state = () => [failed.isRefused(DIGEST), [...failed.avoided(DIGEST)]]
  expect(state()).toEqual([true, ['near']])
  expect([failed.isRefused(OTHER), [...failed.avoided(OTHER)]]).toEqual([false, []])
  clock.advance(4999)
  expect(state()).toEqual([true, ['near']])
  clock.advance(1)
  expect(state()).toEqual([false, ['near']])
  // Another one was wrong, too, and then it broke off.
  failed.note(DIGEST, ['far'])
  failed.note(DIGEST, [])
  expect(state()).toEqual([true, ['near', 'far']])
  clock.advance(300_000)
  expect(state()).toEqual([false, []])
})
