import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PortolanError } from '../errors.ts'
import { crc32 } from '../net/crc32.ts'
import type { Digest } from '../oci/digest.ts'
import { DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST } from '../oci/manifest.ts'
import { decodeInventory } from './decode.ts'
import { encodeInventory } from './encode.ts'
import { CHECKSUM_BYTES, HEADER_BYTES, INVENTORY_MAX_BYTES, MAX_SIZE } from './format.ts'
import type { InventoryEntry } from './inventory.ts'

const AT = Date.parse('2026-11-22T20:00:00.000Z')

const hex = (length: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`))
/** Digits of which the first are often the same, so that more than the first word counts. */
const digits = (length: number) =>
  fc.oneof(
    hex(length),
    fc.tuple(fc.constantFrom('0', 'f', '7'), hex(2)).map(([fill, end]) => end.padStart(length, fill)),
  )
const digest = fc.oneof(
  digits(64).map((text) => `sha256:${text}` as Digest),
  digits(128).map((text) => `sha512:${text}` as Digest),
)
const mediaType = fc.constantFrom(OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, 'application/vnd.test.a+json')
const entry: fc.Arbitrary<InventoryEntry> = fc.record(
  { digest, size: fc.integer({ min: 0, max: MAX_SIZE }), mediaType },
  { requiredKeys: ['digest', 'size'] },
)
const keyOf = ({ digest, mediaType }: InventoryEntry) => `${digest} ${mediaType === undefined}`
const entries = fc.uniqueArray(entry, { selector: keyOf, maxLength: 60 })

function sorted(some: Iterable<InventoryEntry>): InventoryEntry[] {
  return [...some].sort((a, b) =>
    a.digest === b.digest ? (a.mediaType === undefined ? -1 : 1) : a.digest < b.digest ? -1 : 1,
  )
}

describe('an inventory that was written', () => {
  it('says of everything what was put in, in the order of the digests', () => {
    fc.assert(
      fc.property(entries, (some) => {
        const inventory = decodeInventory(encodeInventory(some, AT))
        expect(inventory.at).toBe(AT)
        expect(inventory.count).toBe(some.length)
        expect([...inventory.entries()]).toEqual(sorted(some))
        for (const { digest, size, mediaType } of some) {
          if (mediaType === undefined) expect(inventory.blob(digest)).toBe(size)
          else expect(inventory.manifest(digest)).toEqual({ size, mediaType })
        }
      }),
    )
  })

  it('says nothing of anything else, and of a blob not that it is a manifest', () => {
    fc.assert(
      fc.property(entries, fc.array(digest), (some, others) => {
        const inventory = decodeInventory(encodeInventory(some, AT))
        const blobs = new Map(
          some.filter(({ mediaType }) => mediaType === undefined).map((each) => [each.digest, each]),
        )
        const manifests = new Map(
          some.filter(({ mediaType }) => mediaType !== undefined).map((each) => [each.digest, each]),
        )
        for (const digest of [...others, ...some.map(({ digest }) => digest)]) {
          expect(inventory.blob(digest)).toBe(blobs.get(digest)?.size)
          expect(inventory.manifest(digest)?.mediaType).toBe(manifests.get(digest)?.mediaType)
        }
        expect(inventory.blob('blake3:abc' as Digest)).toBeUndefined()
      }),
    )
  })

  it('is the same whatever the order of its entries', () => {
    fc.assert(
      fc.property(entries, (some) => {
        expect(encodeInventory(some.toReversed(), AT)).toEqual(encodeInventory(some, AT))
      }),
    )
  })

  it('takes 40 bytes for each sha256 digest', () => {
    const some = Array.from({ length: 1000 }, (_, n) => ({
      digest: `sha256:${n.toString(16).padStart(64, '0')}` as Digest,
      size: n,
    }))
    expect(encodeInventory(some, AT).length).toBeLessThan(40 * 1000 + 64)
  })

  it.each<[string, InventoryEntry[], RegExp]>([
    [
      'of no known algorithm',
      [{ digest: 'blake3:abc' as Digest, size: 1 }],
      /nobody can check the digest blake3:abc/,
    ],
    ['of a negative size', [{ digest: someDigest(1), size: -1 }], /has -1 bytes/],
    ['of half a byte', [{ digest: someDigest(1), size: 0.5 }], /has 0.5 bytes/],
    [
      'of a size beyond what can be written',
      [{ digest: someDigest(1), size: 2 ** 48 }],
      /has 281474976710656 bytes/,
    ],
    [
      'whose media type would make another header',
      [{ digest: someDigest(1), size: 1, mediaType: 'a/b\r\nX: y' }],
      /is said to be of the type "a\/b\\r\\nX: y"/,
    ],
    [
      'that stands there twice',
      [
        { digest: someDigest(1), size: 1 },
        { digest: someDigest(1), size: 2 },
      ],
      /twice/,
    ],
  ])('is not made of an entry %s', (_, some, message) => {
    expect(() => encodeInventory(some, AT)).toThrow(message)
  })
})

describe('an inventory that is not right', () => {
  const bytes = encodeInventory(
    [
      ...Array.from({ length: 20 }, (_, n) => ({ digest: someDigest(n), size: n })),
      { digest: someDigest(3), size: 3, mediaType: OCI_MANIFEST },
      { digest: `sha512:${'5'.repeat(128)}` as Digest, size: 5 },
    ],
    AT,
  )
  const typesLength = new DataView(bytes.buffer).getUint32(32, true)
  const digestsAt = HEADER_BYTES + typesLength
  const detailsAt = digestsAt + 21 * 32 + 64

  it('is refused when a bit of it is another', () => {
    fc.assert(
      fc.property(fc.nat(bytes.length * 8 - 1), (bit) => {
        const damaged = bytes.slice()
        damaged[bit >> 3]! ^= 1 << (bit & 7)
        expect(refusalOf(damaged)).toBe('CONTENT_INVALID')
      }),
    )
  })

  it('is refused when it is cut off or goes on', () => {
    for (let length = 0; length < bytes.length; length++) {
      expect(refusalOf(bytes.subarray(0, length))).toBe('CONTENT_INVALID')
    }
    expect(refusalOf(Uint8Array.of(...bytes, 0))).toBe('CONTENT_INVALID')
  })

  it('is refused when it is something else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (random, begin) => {
        const some = begin ? Uint8Array.of(...bytes.subarray(0, HEADER_BYTES), ...random) : random
        expect(refusalOf(some)).toBe('CONTENT_INVALID')
      }),
    )
  })

  it.each<[string, (view: DataView) => void, RegExp]>([
    ['of another version', (view) => view.setUint32(8, 2, true), /version 2, and only version 1/],
    ['with no date', (view) => view.setFloat64(16, Number.NaN, true), /date/],
    ['with a date beyond all years', (view) => view.setFloat64(16, 9e15, true), /date/],
    ['with more digests than there are', (view) => view.setUint32(24, 0xffffffff, true), /do not fill it/],
    ['with fewer', (view) => view.setUint32(24, 20, true), /do not fill it/],
    [
      'with more media types than there are',
      (view) => view.setUint32(32, 0xfffffffc, true),
      /do not fill it/,
    ],
    ['whose media types are no list', (view) => view.setUint8(HEADER_BYTES, 0x22), /media types/],
    ['whose media type is none', (view) => view.setUint8(HEADER_BYTES + 3, 0x20), /media types/],
    [
      'with digests in disorder',
      (view) => view.setUint32(digestsAt + 5 * 32, 0xffffffff, true),
      /not in order/,
    ],
    [
      'with a content twice',
      (view) => view.setUint32(digestsAt + 8 * 32 + 28, view.getUint32(digestsAt + 7 * 32 + 28, true), true),
      /twice/,
    ],
    [
      'with a manifest before the blob of its digest',
      (view) => view.setUint16(detailsAt + 3 * 8 + 6, 1, true),
      /twice/,
    ],
    [
      'with a media type that it does not name',
      (view) => view.setUint16(detailsAt + 6, 2, true),
      /does not name/,
    ],
  ])('is refused %s, though its checksum is right', (_, spoil, message) => {
    const spoilt = bytes.slice()
    spoil(new DataView(spoilt.buffer))
    expect(() => decodeInventory(signed(spoilt))).toThrow(message)
  })

  it('never leads astray whoever looks something up in it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(bytes.length - 5), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        (changes) => {
          const spoilt = bytes.slice()
          for (const [at, value] of changes) spoilt[at] = value
          try {
            const inventory = decodeInventory(signed(spoilt))
            for (const { digest, size, mediaType } of inventory.entries()) {
              if (mediaType === undefined) expect(inventory.blob(digest)).toBe(size)
              else expect(inventory.manifest(digest)).toEqual({ size, mediaType })
            }
          } catch (error) {
            expect(error).toMatchObject({ code: 'CONTENT_INVALID' })
          }
        },
      ),
      { numRuns: 500 },
    )
  })

  it('is refused when it is too large, before anything of it is read', () => {
    expect(refusalOf(new Uint8Array(INVENTORY_MAX_BYTES + 1))).toBe('CONTENT_INVALID')
  })
})

it('an inventory is read where it lies in memory, too', () => {
  const bytes = encodeInventory([{ digest: someDigest(1), size: 7 }], AT)
  const shifted = new Uint8Array(bytes.length + 1)
  shifted.set(bytes, 1)
  expect(decodeInventory(shifted.subarray(1)).blob(someDigest(1))).toBe(7)
})

function someDigest(n: number): Digest {
  return `sha256:${n.toString(16).padStart(64, '0')}` as Digest
}

/** With the checksum that belongs to the bytes as they are. */
function signed(bytes: Uint8Array): Uint8Array {
  const at = bytes.length - CHECKSUM_BYTES
  new DataView(bytes.buffer).setUint32(at, crc32(bytes.subarray(0, at)), true)
  return bytes
}

function refusalOf(bytes: Uint8Array): string {
  try {
    decodeInventory(bytes)
    return 'taken'
  } catch (error) {
    if (error instanceof PortolanError) return error.code
    throw error
  }
}
