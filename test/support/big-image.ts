import { createCipheriv, createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { addImage, addLayer } from '../../src/demo/sample-layers.ts'
import type { Descriptor } from '../../src/oci/manifest.ts'
import { LayoutWriter } from '../../src/storage/fs/layout-writer.ts'
import { blobOf, type TestBlob, type TestRepository } from './content.ts'

/** An image that any client can unpack, with blobs from hundreds of bytes up to nine million. */
export interface BigImage extends TestRepository {
  /** Its blobs, its config first, the largest one last. */
  readonly blobs: readonly TestBlob[]
}

/** Sizes of what its layers hold, in bytes. */
const SIZES = [2000, 600_000, 2_600_000, 9_000_000]

/** Makes an image `name:v1` for this machine's platform, the same bytes every time; writes it into an empty folder. */
export async function makeBigImage(folder: string, name: string): Promise<BigImage> {
  const layout = new LayoutWriter(folder)
  const layers = []
  for (const size of SIZES)
    layers.push(await addLayer(layout, [{ path: `data/${size}.bin`, bytes: seeded(size) }]))
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch
  const entry = await addImage(layout, { os: 'linux', architecture }, ['/bin/true'], layers)
  const read = async ({ digest, mediaType }: Descriptor) =>
    blobOf(await readFile(join(folder, 'blobs', digest.replace(':', '/'))), mediaType)
  const manifest = await read(entry)
  const { config } = JSON.parse(Buffer.from(manifest.bytes).toString()) as { config: Descriptor }
  const blobs = await Promise.all([config, ...layers.map(({ descriptor }) => descriptor)].map(read))
  return { name, tags: { v1: manifest }, blobs }
}

/** Bytes that look random, as compressed content does. */
function seeded(size: number): Buffer {
  const key = createHash('sha256').update(`${size}`).digest()
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(size))
}
