/**
 * A hash of 52 bits of a text: the same on every machine, good enough to tell millions of texts apart, and no secret. Two
 * rounds of multiplication a character, and the finalizer of MurmurHash3 for each half.
 */
export function hashText(text: string): number {
  let high = 0x9e3779b9
  let low = 0x85ebca6b
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    high = Math.imul(high ^ code, 0x9e3779b1)
    low = Math.imul(low ^ code, 0x5f356495)
  }
  high = finish(high ^ (low >>> 15))
  low = finish(low ^ (high >>> 13))
  return (high >>> 12) * 2 ** 32 + (low >>> 0)
}

function finish(word: number): number {
  let mixed = word ^ (word >>> 16)
  mixed = Math.imul(mixed, 0x85ebca6b)
  mixed ^= mixed >>> 13
  mixed = Math.imul(mixed, 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}
