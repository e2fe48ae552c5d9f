import { createHash } from 'node:crypto'
import type { Digest } from '../oci/digest.ts'
import { type Descriptor, OCI_CONFIG, OCI_LAYER_GZIP, type Platform } from '../oci/manifest.ts'
import type { LayoutWriter } from '../storage/fs/layout-writer.ts'
import { storeGzip } from './gzip.ts'
import { type TarFile, writeTar } from './tar.ts'

/** A layer, and the digest of its tar before compression, which an image's config repeats. */
export interface SampleLayer {
  readonly descriptor: Descriptor
  readonly diffId: Digest
}

/** Writes files as a layer: the same bytes at every time and place. */
export async function addLayer(layout: LayoutWriter, files: readonly TarFile[]): Promise<SampleLayer> {
  const tar = writeTar(files)
  const diffId = `sha256:${createHash('sha256').update(tar).digest('hex')}` as Digest
  return { descriptor: await layout.addBlob(OCI_LAYER_GZIP, storeGzip(tar)), diffId }
}

/** Writes an image for one platform; the descriptor is what an index names it by. */
export async function addImage(
  layout: LayoutWriter,
  platform: Platform,
  command: readonly string[],
  layers: readonly SampleLayer[],
): Promise<Descriptor> {
  const config = await layout.addJson(OCI_CONFIG, {
    created: new Date(0).toISOString(),
    ...platform,
    config: { Env: ['PATH=/bin'], Cmd: command },
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map(() => ({ created: new Date(0).toISOString(), created_by: 'portolan demo' })),
  })
  const descriptors = layers.map(({ descriptor }) => descriptor)
  return { ...(await layout.addManifest(config, descriptors)), platform }
}
