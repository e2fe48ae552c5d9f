import { PortolanError } from '../errors.ts'
import { crc32 } from '../net/crc32.ts'
import type { PlacedPrefix } from './provider.ts'

/**
 * What whois, geofeeds and routing tell about all addresses, reduced to what routing a pull needs: the cloud of those
 * that clouds announce, with the country (`hetzner/de`), and the country of the others (`country/FR`).
 */
export interface GeoData {
  /** Day of the sources, as `2026-06-17`. */
  readonly date: string
  /** Whose data it is, and its licences. */
  readonly source: string
  /** Of IPv4, in blocks of /24. */
  readonly steps4: readonly GeoStep[]
  /** Of IPv6, in blocks of /48. */
  readonly steps6: readonly GeoStep[]
}

/**
 * A place that begins at a block and reaches to the next step; without `place`, addresses about which nothing is known.
 * Blocks are numbered from the first address on, in the size that is the smallest which networks route to each other.
 */
export interface GeoStep {
  readonly block: number
  readonly place?: string
}

/** Bits of a block's number. */
const BITS = { 4: 24, 6: 48 } as const
const MAGIC = 0x504c4731 // PLG1
/** Magic, checksum, and length of the header. */
const FIXED = 12
const CHECKED_FROM = 8

/**
 * Writes the file of {@link decodeGeo}: magic, CRC-32 of all that follows, length of a JSON header (`date`, `source`,
 * `places`), the header, and the steps of either family: their count, then for each the distance from the block before
 * and the number of the place in `places` plus one, or 0. Counts, distances and numbers are LEB128.
 */
export function encodeGeo({ date, source, steps4, steps6 }: GeoData): Uint8Array {
  const uses = new Map<string, number>()
  for (const { place } of [...steps4, ...steps6]) {
    if (place !== undefined) uses.set(place, (uses.get(place) ?? 0) + 1)
  }
  // The most used ones first: their numbers take one byte.
  const places = [...uses.keys()].sort((left, right) => uses.get(right)! - uses.get(left)!)
  const numbers = new Map(places.map((place, index) => [place, index + 1]))
  const body: number[] = []
  for (const steps of [steps4, steps6]) {
    pushNumber(body, steps.length)
    let before = 0
    for (const { block, place } of steps) {
      pushNumber(body, block - before)
      pushNumber(body, place === undefined ? 0 : numbers.get(place)!)
      before = block
    }
  }
  const header = new TextEncoder().encode(JSON.stringify({ date, source, places }))
  const bytes = new Uint8Array(FIXED + header.length + body.length)
  bytes.set(header, FIXED)
  bytes.set(body, FIXED + header.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(8, header.length)
  view.setUint32(4, crc32(bytes.subarray(CHECKED_FROM)))
  view.setUint32(0, MAGIC)
  return bytes
}

/** Reads what {@link encodeGeo} wrote. Throws `SNAPSHOT_INVALID` for anything else. */
export function decodeGeo(bytes: Uint8Array): GeoData {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < FIXED || view.getUint32(0) !== MAGIC) throw invalid('it does not begin as one')
  if (view.getUint32(4) !== crc32(bytes.subarray(CHECKED_FROM))) throw invalid('its checksum is wrong')
  const end = FIXED + view.getUint32(8)
  const { date, source, places } = readHeader(bytes.subarray(FIXED, end))
  const reader: Reader = { bytes, at: end }
  const steps4 = readSteps(reader, places, BITS[4])
  const steps6 = readSteps(reader, places, BITS[6])
  if (reader.at !== bytes.length) throw invalid('bytes follow its end')
  return { date, source, steps4, steps6 }
}

/** The prefixes of all places, in order; none overlaps another. */
export function geoPrefixes({ steps4, steps6 }: Pick<GeoData, 'steps4' | 'steps6'>): PlacedPrefix[] {
  const prefixes: PlacedPrefix[] = []
  for (const [family, steps] of [
    [4, steps4],
    [6, steps6],
  ] as const) {
    const bits = BITS[family]
    for (const [index, { block, place }] of steps.entries()) {
      if (place === undefined) continue
      const end = steps[index + 1]?.block ?? 2 ** bits
      for (let first = block; first < end; ) {
        const host = Math.min(bits, trailingZeros(first), logarithm(end - first))
        prefixes.push({ prefix: { address: addressOf(family, first), length: bits - host }, place })
        first += 2 ** host
      }
    }
  }
  return prefixes
}

const WORD = 2 ** 32

/** How often a number divides by two, of whole numbers below 2^53; infinitely often for 0. */
function trailingZeros(value: number): number {
  if (value === 0) return Number.POSITIVE_INFINITY
  const low = value | 0
  return low === 0 ? 32 + trailingZeros(Math.floor(value / WORD)) : 31 - Math.clz32(low & -low)
}

/** The largest power of two that is not larger, of whole numbers from 1 to 2^53. */
function logarithm(value: number): number {
  return value < WORD ? 31 - Math.clz32(value) : 32 + logarithm(Math.floor(value / WORD))
}

function addressOf(family: 4 | 6, block: number) {
  if (family === 4) return { family, word0: (block << 8) | 0, word1: 0, word2: 0, word3: 0 }
  return {
    family,
    word0: Math.floor(block / 2 ** 16) | 0,
    word1: (block % 2 ** 16) << 16,
    word2: 0,
    word3: 0,
  }
}

interface Reader {
  readonly bytes: Uint8Array
  at: number
}

function readHeader(bytes: Uint8Array): { date: string; source: string; places: string[] } {
  let header: { date?: unknown; source?: unknown; places?: unknown }
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw invalid('its header is not JSON', cause)
  }
  const { date, source, places } = header
  if (typeof date !== 'string' || typeof source !== 'string' || !Array.isArray(places)) {
    throw invalid('its header lacks date, source or places')
  }
  return { date, source, places: places.map(String) }
}

function readSteps(reader: Reader, places: readonly string[], bits: number): GeoStep[] {
  const count = readNumber(reader)
  // Each step takes two bytes or more: a count beyond that is a lie, and must not size an array.
  if (count * 2 > reader.bytes.length - reader.at) throw invalid('it ends early')
  const steps: GeoStep[] = []
  let block = 0
  for (let index = 0; index < count; index++) {
    const distance = readNumber(reader)
    block += distance
    if (block >= 2 ** bits || (distance === 0 && index > 0)) throw invalid(`step ${index} is out of order`)
    const number = readNumber(reader)
    if (number > places.length) throw invalid(`step ${index} names place ${number} of ${places.length}`)
    steps.push(number === 0 ? { block } : { block, place: places[number - 1]! })
  }
  return steps
}

function pushNumber(body: number[], value: number): void {
  let rest = value
  for (; rest >= 128; rest = Math.floor(rest / 128)) body.push((rest % 128) | 128)
  body.push(rest)
}

/** Reads an unsigned LEB128 number of at most 49 bits, more than a block's number has. */
function readNumber(reader: Reader): number {
  let value = 0
  for (let scale = 1; scale < 2 ** 49; scale *= 128) {
    const byte = reader.bytes[reader.at++]
    if (byte === undefined) throw invalid('it ends early')
    value += (byte & 127) * scale
    if (byte < 128) return value
  }
  throw invalid('it holds a number that is too large')
}

function invalid(reason: string, cause?: unknown): PortolanError {
  return new PortolanError('SNAPSHOT_INVALID', `not a file of geo data: ${reason}`, { reason }, cause)
}
