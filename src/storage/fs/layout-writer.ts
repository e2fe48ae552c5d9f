import { createHash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Digest } from '../../oci/digest.ts'
import { type Annotations, type Descriptor, OCI_INDEX, OCI_MANIFEST } from '../../oci/manifest.ts'
import { blobFile } from './layout-files.ts'
import { unwritable, writeWhole } from './workspace-file.ts'

/** What can stand in a manifest besides its content. */
export interface ManifestExtras {
  readonly artifactType?: string
  readonly subject?: Descriptor
  readonly annotations?: Annotations
}

/**
 * Writes an OCI image layout (OCI image spec 1.1, image-layout.md) into an empty folder: content first, each under its
 * digest, and at the end the list of what has a name, so that nobody finds a half-written one. Throws `FILE_UNWRITABLE`.
 */
export class LayoutWriter {
  readonly #folder: string
  readonly #entries: Descriptor[] = []

  constructor(folder: string) {
    this.#folder = folder
  }

  async addBlob(mediaType: string, bytes: Uint8Array): Promise<Descriptor> {
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest
    await this.#write(blobFile(this.#folder, digest), bytes)
    return { mediaType, digest, size: bytes.length }
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

  /** Writes the list of the layout; only now is it one. */
  async finish(annotations?: Annotations): Promise<void> {
    const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: this.#entries, annotations }
    await this.#write(join(this.#folder, 'index.json'), JSON.stringify(index))
    await this.#write(join(this.#folder, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }))
  }

  async #write(file: string, bytes: Uint8Array | string): Promise<void> {
    const folder = dirname(file)
    await mkdir(folder, { recursive: true }).catch((error) => {
      throw unwritable(folder, error)
    })
    await writeWhole(file, bytes, false)
  }
}
