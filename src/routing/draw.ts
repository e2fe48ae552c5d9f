import type { Address } from '../net/address.ts'

/**
 * What clients are drawn by: numbers that come of who asks and for what, and of nothing else. So every door draws the
 * same, on every runtime and after every restart, and nothing has to be remembered. They are no secret: whoever has
 * many addresses can choose what is drawn for them, and gains nothing by it.
 */
export type DrawKey = number

/** Of clients whose address is not known: all of them are one. */
const NOBODY: DrawKey = mixed(0x5f356495)

/**
 * A client as a draw knows it: its IPv4 address, or its IPv6 /64, in which a machine changes its address by itself
 * (RFC 8981). Nothing wider: the machines of a cluster are neighbours, and are to be drawn each for itself.
 */
export function clientKey(address: Address | undefined): DrawKey {
  if (address === undefined) return NOBODY
  const { family, word0, word1 } = address
  return family === 4 ? mixed(word0 ^ 0x2545f491) : mixed(mixed(word0 ^ 0x1b873593) + word1)
}

/**
 * A client and a repository. All that is asked for of one image is drawn as one, so that a pull goes to one place, and a
 * tag and what it stands for are read in the same one; a network behind one address is spread by what it pulls.
 */
export function pullKey(address: Address | undefined, repository: string): DrawKey {
  return mixed(clientKey(address) + textKey(repository))
}

/** A number for a text, by which draws for different things are independent of each other. */
export function textKey(text: string): DrawKey {
  // FNV-1a, of which the last step is made good by another mix.
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return mixed(hash)
}

/** A number from 0 up to but not including 1, the same for the same key and salt. */
export function drawn(key: DrawKey, salt: DrawKey): number {
  return (mixed(key ^ salt) >>> 0) / 2 ** 32
}

/**
 * A waiting time, exponentially distributed with mean 1. Of several that are each divided by a weight, one is the
 * shortest as often as its weight says; that is weighted rendezvous hashing. Whoever leaves gives its clients to the
 * next shortest of each, and no others move.
 */
export function waitingTime(key: DrawKey, salt: DrawKey): number {
  // Odd, so that it is not 0.
  const word = mixed(key ^ salt) | 1
  // Not `Math.log`, whose last bit is the engine's own. What stands here every engine computes alike: -ln(word / 2³²).
  const lead = Math.clz32(word)
  let scale = lead + 1
  let mantissa = ((word << lead) >>> 0) / 2 ** 31
  if (mantissa > Math.SQRT2) {
    mantissa /= 2
    scale--
  }
  const s = (mantissa - 1) / (mantissa + 1)
  const z = s * s
  const logarithm = 2 * s * (1 + z * (1 / 3 + z * (1 / 5 + z * (1 / 7 + z * (1 / 9 + z / 11)))))
  return scale * Math.LN2 - logarithm
}

/** A word whose every bit depends on all of `word`: the finalizer of MurmurHash3. */
function mixed(word: number): number {
  let hash = word | 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}
