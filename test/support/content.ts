import { createHash } from 'node:crypto'
import { OCI_INDEX, OCI_MANIFEST } from '../../src/oci/manifest.ts'
import type { Served } from './misbehaving.ts'

/** A blob that a test made up. */
export interface TestBlob extends Served {
  readonly digest: string
}

/** A blob of so many bytes that look random and are the same for the same label. */
export function makeBlob(label: string, size = 2048): TestBlob {
  return blobOf(Buffer.alloc(size, createHash('sha512').update(label).digest()))
}

export function blobOf(bytes: Uint8Array, type?: string): TestBlob {
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
  return { bytes, digest, ...(type !== undefined && { type }) }
}

/** An image manifest over blobs, the first of which is its config. */
export function makeManifest(config: TestBlob, ...layers: readonly TestBlob[]): TestBlob {
  const descriptor = ({ digest, bytes }: TestBlob, mediaType: string) => ({
    mediaType,
    digest,
    size: bytes.length,
  })
  const manifest = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: descriptor(config, 'application/vnd.oci.image.config.v1+json'),
    layers: layers.map((layer) => descriptor(layer, 'application/vnd.oci.image.layer.v1.tar+gzip')),
  }
  return blobOf(Buffer.from(JSON.stringify(manifest)), OCI_MANIFEST)
}

/** An index that names one image, for linux/amd64. */
export function makeIndex({ type, digest, bytes }: TestBlob): TestBlob {
  const platform = { os: 'linux', architecture: 'amd64' }
  const manifests = [{ mediaType: type, digest, size: bytes.length, platform }]
  return blobOf(Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests })), OCI_INDEX)
}

/** What a store serves: blobs and manifests by digest. */
export function storeContent(
  blobs: readonly TestBlob[],
  manifests: readonly TestBlob[] = [],
): (path: string) => Served | undefined {
  const served = new Map<string, Served>([
    ...blobs.map((blob) => [`/containers/images/${blob.digest}`, blob] as const),
    ...manifests.map((manifest) => [`/manifests/${manifest.digest}`, manifest] as const),
  ])
  return (path) => served.get(path)
}

/** A repository as a registry serves it. */
export interface TestRepository {
  readonly name: string
  readonly tags: Readonly<Record<string, TestBlob>>
  readonly manifests?: readonly TestBlob[]
  readonly blobs: readonly TestBlob[]
}

/** What a registry serves: the version check, and of each repository manifests, blobs and the list of tags. */
export function registryContent(
  ...repositories: readonly TestRepository[]
): (path: string) => Served | undefined {
  const served = new Map<string, Served>([['/v2/', json({})]])
  for (const { name, tags, manifests = [], blobs } of repositories) {
    const at = (path: string, what: Served) => served.set(`/v2/${name}/${path}`, what)
    at('tags/list', json({ name, tags: Object.keys(tags) }))
    for (const [tag, manifest] of Object.entries(tags)) at(`manifests/${tag}`, manifest)
    for (const manifest of [...manifests, ...Object.values(tags)])
      at(`manifests/${manifest.digest}`, manifest)
    for (const blob of blobs) at(`blobs/${blob.digest}`, blob)
  }
  return (path) => served.get(path)
}

function json(value: object): Served {
  return { bytes: Buffer.from(JSON.stringify(value)), type: 'application/json' }
}
