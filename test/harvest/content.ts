import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { writeTar } from '../../src/demo/tar.ts'
import { OCI_CONFIG, OCI_INDEX, OCI_LAYER_GZIP, OCI_MANIFEST } from '../../src/oci/manifest.ts'
import { blobOf, makeBlob, type TestBlob } from '../support/content.ts'

/** An image as its registry has it: every blob by digest, and what its tag means. */
export interface Image {
  readonly manifest: TestBlob
  readonly config: TestBlob
  readonly layer: TestBlob
  readonly blobs: ReadonlyMap<string, TestBlob>
}

const AMD64 = { os: 'linux', architecture: 'amd64' }

export interface ImageOptions {
  /** Other bytes for another label. */
  readonly label?: string
  /** Bytes of the one file of its layer, which nothing compresses. */
  readonly size?: number
  /** Instead of the layer that it should be. */
  readonly layerBytes?: Uint8Array
  readonly layerType?: string
  readonly configType?: string
  /** Of the layer's tar, where the config is to name another. */
  readonly diffId?: string
}

/** Makes an image of one layer that every client can pull, or of a layer that is not what it should be. */
export function makeImage(options: ImageOptions = {}): Image {
  const { label = '', size = 300_000, layerType = OCI_LAYER_GZIP, configType = OCI_CONFIG } = options
  const tar = writeTar([{ path: 'app/data.bin', bytes: random(label, size) }])
  const layer = blobOf(options.layerBytes ?? gzipSync(tar, { level: 1 }))
  const diffId = options.diffId ?? `sha256:${createHash('sha256').update(tar).digest('hex')}`
  const config = blobOf(
    Buffer.from(
      JSON.stringify({
        ...AMD64,
        created: '2026-01-01T00:00:00Z',
        config: { Cmd: ['/app'] },
        rootfs: { type: 'layers', diff_ids: [diffId] },
        history: [{ created: '2026-01-01T00:00:00Z', created_by: 'harvest' }],
      }),
    ),
  )
  const manifest = blobOf(
    Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: OCI_MANIFEST,
        config: { mediaType: configType, digest: config.digest, size: config.bytes.length },
        layers: [{ mediaType: layerType, digest: layer.digest, size: layer.bytes.length }],
      }),
    ),
    OCI_MANIFEST,
  )
  return { manifest, config, layer, blobs: new Map([config, layer].map((blob) => [blob.digest, blob])) }
}

/** An index that names the image for other platforms than the one that runs this. */
export function indexFor(image: Image, platforms: readonly object[]): TestBlob {
  const { manifest } = image
  const manifests = platforms.map((platform) => ({
    mediaType: OCI_MANIFEST,
    digest: manifest.digest,
    size: manifest.bytes.length,
    platform,
  }))
  const text = JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests })
  return blobOf(Buffer.from(text), OCI_INDEX)
}

/** A manifest in the form that registries gave up in 2019 (docker image manifest v2, schema 1). */
export function schema1(): TestBlob {
  const text = JSON.stringify({
    schemaVersion: 1,
    name: 'team/app',
    tag: '1.0',
    architecture: 'amd64',
    fsLayers: [{ blobSum: makeBlob('old').digest }],
    history: [
      { v1Compatibility: '{"id":"e45a5af57b00862e5ef5782a9925979a02ba2b12dff832fd0991335f4a11e5c5"}' },
    ],
    signatures: [{ header: { alg: 'ES256' }, signature: 'c2lnbmF0dXJl', protected: 'e30' }],
  })
  return blobOf(Buffer.from(text), 'application/vnd.docker.distribution.manifest.v1+prettyjws')
}

function random(label: string, size: number): Buffer {
  const pieces: Buffer[] = []
  for (let at = 0; at < size; at += 64) pieces.push(createHash('sha512').update(`${label} ${at}`).digest())
  return Buffer.concat(pieces).subarray(0, size)
}
