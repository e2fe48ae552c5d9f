import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Digest } from '../oci/digest.ts'
import {
  type Annotations,
  type Descriptor,
  OCI_CONFIG,
  OCI_INDEX,
  OCI_LAYER_GZIP,
  OCI_MANIFEST,
  type Platform,
} from '../oci/manifest.ts'
import { storeGzip } from './gzip.ts'
import { type TarFile, writeTar } from './tar.ts'

/** A layer, and the digest of its tar before compression, which an image's config repeats. */
export interface Layer {
  readonly descriptor: Descriptor
  readonly diffId: Digest
}

/** What can stand in a manifest besides its content. */
export interface ManifestExtras {
  readonly artifactType?: string
  readonly subject?: Descriptor
  readonly annotations?: Annotations
}

/** Writes an OCI image layout (OCI image spec 1.1, image-layout.md) into an existing, empty folder. */
export class LayoutWriter {
  readonly #folder: string
  readonly #blobs: string
  readonly #entries: Descriptor[] = []

  constructor(folder: string) {
    this.#folder = folder
    this.#blobs = join(folder, 'blobs', 'sha256')
  }

  async addBlob(mediaType: string, bytes: Uint8Array): Promise<Descriptor> {
    const digest = sha256(bytes)
    await mkdir(this.#blobs, { recursive: true })
    await writeFile(join(this.#blobs, digest.slice('sha256:'.length)), bytes)
    return { mediaType, digest, size: bytes.length }
  }

  async addLayer(files: readonly TarFile[]): Promise<Layer> {
    const tar = writeTar(files)
    return { descriptor: await this.addBlob(OCI_LAYER_GZIP, storeGzip(tar)), diffId: sha256(tar) }
  }

  async addImage(
    platform: Platform,
    command: readonly string[],
    layers: readonly Layer[],
  ): Promise<Descriptor> {
    const config = await this.addJson(OCI_CONFIG, {
      created: new Date(0).toISOString(),
      ...platform,
      config: { Env: ['PATH=/bin'], Cmd: command },
      rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
      history: layers.map(() => ({ created: new Date(0).toISOString(), created_by: 'portolan demo' })),
    })
    const descriptors = layers.map(({ descriptor }) => descriptor)
    return { ...(await this.addManifest(config, descriptors)), platform }
  }

  addManifest(
    config: Descriptor,
    layers: readonly Descriptor[],
    extras: ManifestExtras = {},
  ): Promise<Descriptor> {
    const { artifactType, subject, annotations } = extras
    return this.addJson(OCI_MANIFEST, {
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      artifactType,
      config,
      layers,
      subject,
      annotations,
    })
  }

  addIndex(manifests: readonly Descriptor[]): Promise<Descriptor> {
    return this.addJson(OCI_INDEX, { schemaVersion: 2, mediaType: OCI_INDEX, manifests })
  }

  addJson(mediaType: string, value: unknown): Promise<Descriptor> {
    return this.addBlob(mediaType, Buffer.from(JSON.stringify(value)))
  }

  /** Puts a manifest into the list of the layout, under a name such as `demo/hello:1.0`, or without one. */
  enter({ mediaType, digest, size }: Descriptor, name?: string): void {
    const annotations = name === undefined ? undefined : { 'org.opencontainers.image.ref.name': name }
    this.#entries.push({ mediaType, digest, size, ...(annotations && { annotations }) })
  }

  async finish(annotations: Annotations): Promise<void> {
    const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: this.#entries, annotations }
    await writeFile(join(this.#folder, 'index.json'), JSON.stringify(index))
    await writeFile(join(this.#folder, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }))
  }
}

function sha256(bytes: Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest
}
