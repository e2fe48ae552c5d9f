import { createHash } from 'node:crypto'
import type { Digest } from '../../../src/oci/digest.ts'
import {
  type Descriptor,
  OCI_CONFIG,
  OCI_INDEX,
  OCI_LAYER_GZIP,
  OCI_MANIFEST,
} from '../../../src/oci/manifest.ts'
import { bytesOf } from '../storage/suite.ts'

/** Bytes with their name and type. */
export interface Piece extends Descriptor {
  readonly bytes: Buffer
}

/** What lies in a registry whose readers are tried. */
export interface RepositoryContent {
  readonly name: string
  readonly blobs: readonly Piece[]
  /** Each after what it names. */
  readonly manifests: readonly Piece[]
  readonly tags: Readonly<Record<string, Piece>>
}

export const LAYER = piece(OCI_LAYER_GZIP, bytesOf('layer', 4 * 1024 * 1024))
const SMALL = piece(OCI_LAYER_GZIP, Buffer.from('small'))
const CONFIG = piece(OCI_CONFIG, Buffer.from('{"architecture":"amd64","os":"linux"}'))
export const IMAGE = manifest({ config: named(CONFIG), layers: [LAYER, SMALL].map(named) })
export const INDEX = piece(
  OCI_INDEX,
  json({
    schemaVersion: 2,
    mediaType: OCI_INDEX,
    manifests: [{ ...named(IMAGE), platform: { os: 'linux', architecture: 'amd64' } }],
  }),
)
/** A referrer of the index. */
export const NOTE = manifest({
  artifactType: 'text/x-note',
  config: named(CONFIG),
  layers: [],
  subject: named(INDEX),
  annotations: { by: 'a test' },
})
const OTHER_LAYER = piece(OCI_LAYER_GZIP, Buffer.from('other'))
export const OTHER = manifest({ config: named(CONFIG), layers: [named(OTHER_LAYER)] })

export const CONTENT: readonly RepositoryContent[] = [
  {
    name: 'team/app',
    blobs: [CONFIG, LAYER, SMALL],
    manifests: [IMAGE, INDEX, NOTE],
    tags: { V2: IMAGE, latest: INDEX, '1.0': INDEX, 'note-tag': NOTE },
  },
  { name: 'other', blobs: [CONFIG, OTHER_LAYER], manifests: [OTHER], tags: { latest: OTHER } },
]

/** A digest of nothing that is there. */
export const ABSENT = `sha256:${'0'.repeat(64)}` as Digest

function manifest(document: object): Piece {
  return piece(OCI_MANIFEST, json({ schemaVersion: 2, mediaType: OCI_MANIFEST, ...document }))
}

function json(value: object): Buffer {
  return Buffer.from(JSON.stringify(value))
}

function piece(mediaType: string, bytes: Buffer): Piece {
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest
  return { mediaType, digest, size: bytes.length, bytes }
}

function named({ mediaType, digest, size }: Piece): Descriptor {
  return { mediaType, digest, size }
}
