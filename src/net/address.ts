/**
 * An IP address as its bits: IPv4 fills `word0`, IPv6 all four, the most significant first.
 *
 * A word is a signed 32-bit integer that holds the bit pattern (`>>> 0` gives the number): engines keep those unboxed,
 * where a number above 2³¹ would cost an allocation of its own.
 */
export interface Address {
  readonly family: 4 | 6
  readonly word0: number
  readonly word1: number
  readonly word2: number
  readonly word3: number
}

/** Characters of `255.255.255.255` and of `ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255`. */
const IPV4_MAX = 15
const IPV6_MAX = 45

const ZERO = 48
const DOT = 46
const COLON = 58
/** The value of each ASCII character as a hexadecimal digit; {@link NO_DIGIT} for the others. */
const NO_DIGIT = 16
const hexDigits = new Uint8Array(128).fill(NO_DIGIT)
for (let digit = 0; digit < 16; digit++) {
  hexDigits[digit.toString(16).charCodeAt(0)] = digit
  hexDigits[digit.toString(16).toUpperCase().charCodeAt(0)] = digit
}

/** The eight groups of the IPv6 address being read; kept between calls only to spare an allocation each. */
const groups = new Uint16Array(8)

/**
 * Reads an address: IPv4 as four decimals without leading zeros, IPv6 in the text forms of RFC 4291, section 2.2.
 *
 * An IPv4-mapped IPv6 address becomes the IPv4 address it stands for, because a dual-stack socket reports its IPv4
 * peers so. A zone id (`%eth0`) is refused: it means something on one machine only.
 */
export function parseAddress(text: string): Address | undefined {
  return parseAddressSlice(text, 0, text.length)
}

/** Reads the address that fills `text` from `start` up to `end`, by the rules of {@link parseAddress}. */
export function parseAddressSlice(text: string, start: number, end: number): Address | undefined {
  const length = end - start
  const address = length > IPV4_MAX ? undefined : parseIpv4(text, start, end)
  return address ?? (length > IPV6_MAX ? undefined : parseIpv6(text, start, end))
}

/** Writes an address the one way that RFC 5952 recommends; {@link parseAddress} reads it back. */
export function formatAddress({ family, word0, word1, word2, word3 }: Address): string {
  if (family === 4) return `${word0 >>> 24}.${(word0 >>> 16) & 255}.${(word0 >>> 8) & 255}.${word0 & 255}`
  const fields = [word0, word1, word2, word3].flatMap((word) => [word >>> 16, word & 0xffff])
  let gap = 0
  let gapLength = 1 // RFC 5952, section 4.2.2: a single zero group stays
  for (let at = 0; at < 8; at++) {
    let length = 0
    while (fields[at + length] === 0) length++
    if (length > gapLength) {
      gap = at
      gapLength = length
    }
  }
  const text = fields.map((field) => field.toString(16))
  if (gapLength === 1) return text.join(':')
  return `${text.slice(0, gap).join(':')}::${text.slice(gap + gapLength).join(':')}`
}

function ipv4(word: number): Address {
  return { family: 4, word0: word, word1: 0, word2: 0, word3: 0 }
}

function parseIpv4(text: string, start: number, end: number): Address | undefined {
  let word = 0
  let at = start
  for (let octets = 0; octets < 3; octets++) {
    if (at + 2 >= end) return undefined
    const first = text.charCodeAt(at) - ZERO
    const second = text.charCodeAt(at + 1) - ZERO
    const third = text.charCodeAt(at + 2) - ZERO
    // How many digits an octet has is a coin toss, and branches on one are slow. So masks choose, which are all ones or
    // zero, and whatever is wrong makes a number negative. What comes after the octet is below "0", or no dot either.
    const hasSecond = ~(second >> 31)
    const hasThird = hasSecond & ~(third >> 31)
    let octet = first
    octet += (octet * 9 + second) & hasSecond
    octet += (octet * 9 + third) & hasThird
    const leadingZero = (first - 1) & hasSecond
    const noDigit = first | (9 - first) | ((9 - second) & hasSecond) | ((9 - third) & hasThird)
    at += 2 - hasSecond - hasThird
    if ((leadingZero | noDigit | (255 - octet)) < 0 || text.charCodeAt(at - 1) !== DOT) return undefined
    word = (word << 8) | octet
  }
  const digits = end - at
  if (digits < 1 || digits > 3 || (digits > 1 && text.charCodeAt(at) === ZERO)) return undefined
  let octet = 0
  for (; at < end; at++) {
    const digit = text.charCodeAt(at) - ZERO
    if (digit < 0 || digit > 9) return undefined
    octet = octet * 10 + digit
  }
  return octet > 255 ? undefined : ipv4((word << 8) | octet)
}

function parseIpv6(text: string, start: number, end: number): Address | undefined {
  let count = 0
  let gap = -1
  let group = 0
  let groupStart = start
  if (end - start >= 2 && text.charCodeAt(start) === COLON && text.charCodeAt(start + 1) === COLON) {
    gap = 0
    groupStart = start + 2
  }
  let at = groupStart
  for (; at < end; at++) {
    const code = text.charCodeAt(at)
    const digit = code < 128 ? hexDigits[code]! : NO_DIGIT
    if (digit !== NO_DIGIT) {
      group = (group << 4) | digit
    } else if (code === COLON) {
      if (at > groupStart) {
        if (at > groupStart + 4 || count === 8) return undefined
        groups[count++] = group
        group = 0
      } else {
        if (gap >= 0 || at === start) return undefined
        gap = count
      }
      groupStart = at + 1
    } else {
      break
    }
  }
  if (at < end) {
    const tail = count > 6 ? undefined : parseIpv4(text, groupStart, end)
    if (tail === undefined) return undefined
    groups[count++] = tail.word0 >>> 16
    groups[count++] = tail.word0
  } else if (at > groupStart) {
    if (at > groupStart + 4 || count === 8) return undefined
    groups[count++] = group
  } else if (count !== gap) {
    return undefined
  }
  return fromGroups(count, gap)
}

/** The address of the groups read, with zeros put in where "::" stood, before group `gap`; -1 for nowhere. */
function fromGroups(count: number, gap: number): Address | undefined {
  // RFC 4291: "::" stands for one group of zeros or more, so never for none.
  if (gap < 0 ? count !== 8 : count === 8) return undefined
  if (gap >= 0) {
    let to = 8
    while (count > gap) groups[--to] = groups[--count]!
    while (to > gap) groups[--to] = 0
  }
  const word0 = (groups[0]! << 16) | groups[1]!
  const word1 = (groups[2]! << 16) | groups[3]!
  const word2 = (groups[4]! << 16) | groups[5]!
  const word3 = (groups[6]! << 16) | groups[7]!
  if (word0 === 0 && word1 === 0 && word2 === 0xffff) return ipv4(word3)
  return { family: 6, word0, word1, word2, word3 }
}
