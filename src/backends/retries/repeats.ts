import type { Address } from '../../net/address.ts'
import type { Digest } from '../../oci/digest.ts'
import type { Runtime } from '../../runtime.ts'

/** Within this time after a redirect, the same request again is a sign that the first one failed, in milliseconds. */
const WINDOW = 10_000
/** Slots of the memory: a fixed half megabyte, whatever clients do. */
const SLOTS = 65_536

/** Notices clients that ask again for what they were just sent to. */
export interface Repeats {
  /**
   * Takes note that a client was sent to a backend for a digest; true when that had happened within the last seconds.
   *
   * Many nodes behind one address look like one client that asks again and again. So a true answer is no proof of
   * anything but a reason to look, and a stray one costs no more than that look.
   */
  isRepeated(client: Address, backend: string, digest: Digest): boolean
}

/** Remembers hashes in a table that overwrites itself: no entry grows our memory, and none needs to be cleaned up. */
export function createRepeats(clock: Pick<Runtime, 'now'>): Repeats {
  const prints = new Int32Array(SLOTS)
  const times = new Float64Array(SLOTS).fill(Number.NEGATIVE_INFINITY)

  return {
    isRepeated(client, backend, digest) {
      const now = clock.now()
      const hash = hashOf(client, backend, digest)
      const slot = hash & (SLOTS - 1)
      const repeated = prints[slot] === hash && now - times[slot]! < WINDOW
      prints[slot] = hash
      times[slot] = now
      return repeated
    },
  }
}

/** FNV-1a; the last sixteen digits of a digest are as random as any. */
function hashOf(client: Address, backend: string, digest: Digest): number {
  let hash = 0x811c9dc5 | 0
  for (const word of [client.word0, client.word1, client.word2, client.word3]) {
    hash = Math.imul(hash ^ word, 0x01000193)
    hash ^= hash >>> 15
  }
  for (let index = 0; index < backend.length; index++) {
    hash = Math.imul(hash ^ backend.charCodeAt(index), 0x01000193)
  }
  for (let index = Math.max(0, digest.length - 16); index < digest.length; index++) {
    hash = Math.imul(hash ^ digest.charCodeAt(index), 0x01000193)
  }
  return hash ^ (hash >>> 13)
}
