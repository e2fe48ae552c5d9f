import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { headerOf } from '../../src/bundle/bundle-head.ts'
import { type BundleIndex, type MissingContent, partName } from '../../src/bundle/form.ts'
import { repositoryOf } from '../../src/bundle/image-name.ts'
import { layOut } from '../../src/bundle/lay-out.ts'
import { TAR_END, tarPadding } from '../../src/internal/tar.ts'
import { type Digest, parseDigest } from '../../src/oci/digest.ts'
import type { TestBlob } from './content.ts'

/** An image of a bundle: its manifests, the one that its name stands for last, and their blobs. */
export interface BundledImage {
  /** `HOST/NAME:TAG`. */
  readonly name: string
  readonly manifests: readonly TestBlob[]
  readonly blobs: readonly TestBlob[]
}

export interface BundleMaking {
  readonly partSize?: number
  /** Digests that are left out, since the other side has them. */
  readonly known?: readonly string[]
  /** Repositories in which these may be. */
  readonly lenders?: readonly string[]
  readonly missing?: readonly MissingContent[]
  readonly sign?: (statement: Uint8Array<ArrayBuffer>) => Promise<string>
}

export interface TestBundle {
  readonly index: BundleIndex
  readonly bytes: Buffer
  /** Writes the parts into a folder. */
  write(folder: string): Promise<void>
}

/** Makes a bundle without a registry that it is exported from. */
export async function makeBundle(
  images: readonly BundledImage[],
  { partSize, known = [], lenders = [], missing = [], sign }: BundleMaking = {},
): Promise<TestBundle> {
  const { contents, assumed } = contentsOf(images, known)
  const named = images.map(({ name, manifests }) => {
    const { type = '', digest, bytes } = manifests.at(-1)!
    return { name, digest: parseDigest(digest)!, mediaType: type, size: bytes.length }
  })
  const plan = {
    ...{ images: named, referrers: [] },
    contents: contents.map(({ bytes: _, ...content }) => content),
    ...{ assumed, lenders, missing, partSize: partSize ?? null },
  }
  const { index, head } = await layOut(plan, sign)
  const bytes = Buffer.concat([
    head,
    ...contents.flatMap((content) => [headerOf(content), content.bytes, tarPadding(content.size)]),
    TAR_END,
  ])
  const each = partSize ?? bytes.length
  return {
    index,
    bytes,
    async write(folder) {
      for (let start = 0; start < bytes.length; start += each)
        await writeFile(join(folder, partName(start / each + 1)), bytes.subarray(start, start + each))
    },
  }
}

interface MadeContent {
  readonly digest: Digest
  readonly size: number
  readonly mediaType?: string
  readonly repositories: readonly string[]
  readonly bytes: Uint8Array
}

function contentsOf(images: readonly BundledImage[], known: readonly string[]) {
  const found = new Map<string, MadeContent>()
  for (const isManifest of [true, false]) {
    for (const { name, manifests, blobs } of images) {
      for (const { digest, bytes, type } of isManifest ? manifests : blobs) {
        const repositories = new Set([...(found.get(digest)?.repositories ?? []), repositoryOf(name)])
        const content = { digest: parseDigest(digest)!, size: bytes.length, bytes: new Uint8Array(bytes) }
        found.set(digest, {
          ...content,
          ...(isManifest && { mediaType: type ?? '' }),
          repositories: [...repositories].sort(),
        })
      }
    }
  }
  const all = [...found.values()]
  const assumed = all
    .filter(({ digest }) => known.includes(digest))
    .map(({ digest, size, repositories }) => ({ digest, size, repositories }))
  return { contents: all.filter(({ digest }) => !known.includes(digest)), assumed }
}
