import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { decodeRanges, encodeRanges } from '../../../src/clouds/snapshot.ts'
import { formatConfig } from '../../../src/config/format.ts'
import { parseConfig } from '../../../src/config/parse.ts'
import { decodeInventory } from '../../../src/inventory/decode.ts'
import { encodeInventory } from '../../../src/inventory/encode.ts'
import { parseAddress } from '../../../src/net/address.ts'
import { crc32 } from '../../../src/net/crc32.ts'
import type { Digest } from '../../../src/oci/digest.ts'
import { descriptorsOf, parseManifest } from '../../../src/oci/manifest.ts'
import { migrateFixtures, rewriteFixture } from '../../support/migrate-fixtures.ts'
import { makeRanges } from '../../support/test-ranges.ts'

/** A reader of bytes from outside, and how its answers are known to be right. */
export interface Decoder {
  readonly name: string
  /** Sound inputs, which the fuzz changes. */
  readonly corpus: readonly Uint8Array[]
  /** The code of the one error by which it may refuse; absent when it never throws. */
  readonly code?: string
  /** Makes checksums and lengths right again, so that changes behind them are seen. */
  readonly seal?: (bytes: Uint8Array) => Uint8Array
  /** Reads, throws what it throws, and gives what is wrong with what was made of the bytes, if anything. */
  readonly read: (bytes: Uint8Array) => string | undefined
}

const utf8 = (text: string) => new TextEncoder().encode(text)
const digestOf = (bytes: Uint8Array, algorithm = 'sha256') =>
  `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}` as Digest
const DIGESTS = ['a', 'b', 'c', 'd'].map((text) => digestOf(utf8(text)))

const inventory: Decoder = {
  name: 'inventory',
  code: 'CONTENT_INVALID',
  corpus: [
    encodeInventory([], 1),
    encodeInventory(
      [
        { digest: DIGESTS[0]!, size: 5 },
        { digest: DIGESTS[1]!, size: 2 ** 40, mediaType: 'application/vnd.oci.image.manifest.v1+json' },
        { digest: DIGESTS[1]!, size: 2 ** 40 },
        { digest: digestOf(utf8('e'), 'sha512'), size: 0 },
      ],
      1_700_000_000_000,
    ),
  ],
  seal(bytes) {
    const sealed = bytes.slice(0, bytes.length & ~3)
    if (sealed.length < 20) return sealed
    const view = new DataView(sealed.buffer)
    view.setUint32(12, sealed.length, true)
    view.setUint32(sealed.length - 4, crc32(sealed.subarray(0, -4)), true)
    return sealed
  },
  read(bytes) {
    const read = decodeInventory(bytes)
    const entries = [...read.entries()]
    if (entries.length !== read.count) return `it counts ${read.count} and lists ${entries.length}`
    // The slow twin of its search: a walk over all entries.
    for (const digest of [...DIGESTS, ...entries.map((entry) => entry.digest)]) {
      const blob = entries.find((entry) => entry.digest === digest && entry.mediaType === undefined)
      const manifest = entries.find((entry) => entry.digest === digest && entry.mediaType !== undefined)
      if (read.blob(digest) !== blob?.size) return `blob ${digest} is found otherwise than it is listed`
      const found = read.manifest(digest)
      if (found?.size !== manifest?.size || found?.mediaType !== manifest?.mediaType) {
        return `manifest ${digest} is found otherwise than it is listed`
      }
    }
    const again = [...decodeInventory(encodeInventory(entries, read.at)).entries()]
    return isDeepStrictEqual(again, entries) ? undefined : 'written and read again, it is another'
  },
}

const ADDRESSES = [
  '10.0.0.1',
  '10.1.2.3',
  '10.1.2.255',
  '8.8.8.8',
  '255.255.255.255',
  '2001:db8::1',
  'ffff::',
].map((text) => parseAddress(text)!)

const snapshot: Decoder = {
  name: 'range snapshot',
  code: 'SNAPSHOT_INVALID',
  corpus: [
    encodeRanges(makeRanges({ '10.0.0.0/8': 'aws/eu-west-3', '10.1.2.0/24': 'gcp', '10.1.2.128/25': 'aws' })),
    encodeRanges(
      makeRanges({ '0.0.0.0/0': 'aws', '2001:db8::/32': 'azure/westeurope', '8.8.8.8/32': 'gcp' }),
    ),
  ],
  seal(bytes) {
    const sealed = bytes.slice()
    if (sealed.length < 24) return sealed
    const view = new DataView(sealed.buffer)
    view.setUint32(12, sealed.length, true)
    view.setUint32(16, crc32(sealed.subarray(20)), true)
    return sealed
  },
  read(bytes) {
    const read = decodeRanges(bytes)
    const again = decodeRanges(encodeRanges(read))
    for (const address of ADDRESSES) {
      const found = read.table.lookup(address)
      if (found !== undefined && !read.table.values.includes(found)) return 'it finds what it does not hold'
      if (!isDeepStrictEqual(again.table.lookup(address), found))
        return 'written and read again, it is another'
    }
    return undefined
  },
}

const descriptor = (mediaType: string, index = 0) => ({ mediaType, digest: DIGESTS[index], size: 7 })

const manifest: Decoder = {
  name: 'manifest',
  code: 'CONTENT_INVALID',
  corpus: [
    {
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: descriptor('application/vnd.oci.image.config.v1+json'),
      layers: [descriptor('application/vnd.oci.image.layer.v1.tar+gzip', 1)],
      subject: descriptor('application/vnd.oci.image.manifest.v1+json', 2),
      annotations: { a: 'b' },
    },
    {
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: [
        {
          ...descriptor('application/vnd.oci.image.manifest.v1+json', 3),
          platform: { os: 'linux', architecture: 'arm', variant: 'v7' },
        },
      ],
    },
  ].map((value) => utf8(JSON.stringify(value))),
  read(bytes) {
    const read = parseManifest(bytes, 'it')
    for (const { digest, size } of descriptorsOf(read)) {
      if (!/^[a-z0-9+._-]+:[A-Za-z0-9=_-]+$/.test(digest)) return `it has the digest ${digest}`
      if (!Number.isSafeInteger(size) || size < 0) return `it has the size ${size}`
    }
    const again = parseManifest(utf8(JSON.stringify(read)), 'it')
    return isDeepStrictEqual(again, read) ? undefined : 'written and read again, it is another'
  },
}

const OPTIONS = { environment: { A: 'a' }, baseFolder: '/etc', fileName: 'portolan.yaml' }
const SECRET = 'hunter2'

const config: Decoder = {
  name: 'config',
  corpus: [
    `version: 1
listen: :8080
upstreams:
  - { id: a, url: "https://\${A}.example", at: aws/eu-west-3, canonical: true, tokenServices: [login.example.net] }
  - { id: b, url: "https://b.example", at: anycast, complete: false }
stores:
  - { id: s, url: "https://s.example/x", at: gcp/us-central1, inventory: true, fill: { s3: { bucket: images, region: us-east-1 } } }
routing:
  - { when: { cloud: aws }, prefer: [stores, upstreams@aws] }
  - prefer: [a]
clouds: { places: [{ prefix: 10.0.0.0/8, at: my/berlin }], refresh: 12h }
health: { interval: 10s }
`,
    `version: 1\nupstreams: [{ id: a, url: "https://u:${SECRET}@a.example/?sig=${SECRET}", at: anycast }]\n`,
    '{"version":1,"upstreams":[{"id":"a","layout":"x","at":"anycast"}],"ownership":{"publicKey":"x"}}',
  ].map(utf8),
  read(bytes) {
    const parsed = parseConfig(new TextDecoder().decode(bytes), OPTIONS)
    if ('config' in parsed) {
      const again = parseConfig(formatConfig(parsed.config), OPTIONS)
      return 'config' in again && isDeepStrictEqual(again.config, parsed.config)
        ? undefined
        : 'written and read again, it is another'
    }
    const { faults } = parsed
    if (faults.length === 0 || faults.length > 101) return `it is refused for ${faults.length} faults`
    const odd = faults.find(({ message, line, column }) => message === '' || line === 0 || column === 0)
    return odd === undefined ? undefined : `it is refused by ${JSON.stringify(odd)}`
  },
}

/** Each begins with a line that is its path, by which its format is told; that may change, too. */
const scanned: Decoder = {
  name: 'files of every format that scan reads',
  corpus: migrateFixtures('').map(({ path, text }) => utf8(`${path}\n${text}`)),
  read(bytes) {
    const whole = new TextDecoder().decode(bytes)
    const end = whole.indexOf('\n')
    const source = { path: whole.slice(0, end < 0 ? 0 : end), text: whole.slice(end + 1) }
    const lines = source.text.split('\n')
    const { findings, text } = rewriteFixture(source)
    const odd = findings.find(({ line, column }) => !((lines[line - 1]?.length ?? -1) >= column - 1))
    if (odd !== undefined) return `${odd.written} is found at ${odd.line}:${odd.column}, where nothing is`
    const again = rewriteFixture({ ...source, text })
    return again.text === text ? undefined : 'what was rewritten is rewritten once more'
  },
}

/** Every reader of what comes from outside: what decides for the door, and what scan goes through. */
export const decoders: readonly Decoder[] = [inventory, snapshot, manifest, config, scanned]
