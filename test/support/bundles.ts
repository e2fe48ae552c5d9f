import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { headerOf, paddedEnd } from '../../src/bundle/bundle-head.ts'
import { repositoryOf } from '../../src/bundle/bundle-names.ts'
import {
  BUNDLE_ENTRIES,
  type BundleIndex,
  formatBundleIndex,
  type MissingContent,
  partName,
} from '../../src/bundle/form.ts'
import { TAR_END, tarHeader, tarPadding } from '../../src/bundle/tar.ts'
import { type Digest, parseDigest } from '../../src/oci/digest.ts'
import { OCI_INDEX } from '../../src/oci/manifest.ts'
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
  readonly missing?: readonly MissingContent[]
  readonly sign?: (statement: Uint8Array<ArrayBuffer>) => Promise<string>
}

export interface TestBundle {
  readonly index: BundleIndex
  readonly bytes: Buffer
  /** Writes the parts into a folder. */
  write(folder: string): Promise<void>
}

/** Makes a bundle by its form alone, without what exports one. */
export async function makeBundle(
  images: readonly BundledImage[],
  { partSize, known = [], missing = [], sign }: BundleMaking = {},
): Promise<TestBundle> {
  const { contents, assumed } = contentsOf(images, known)
  const named = images.map(({ name, manifests }) => {
    const { type = '', digest, bytes } = manifests.at(-1)!
    return { name, digest: parseDigest(digest)!, mediaType: type, size: bytes.length }
  })
  const layout = Buffer.from('{"imageLayoutVersion":"1.0.0"}')
  const list = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: OCI_INDEX,
      manifests: named.map(({ name, ...descriptor }) => ({
        ...descriptor,
        annotations: { 'io.containerd.image.name': name, 'org.opencontainers.image.ref.name': name },
      })),
    }),
  )
  const before = [...entry(BUNDLE_ENTRIES.layout, layout), ...entry(BUNDLE_ENTRIES.index, list)]
  const behind = sign === undefined ? 0 : 2 * 512
  const indexAt = (start: number): BundleIndex => {
    let position = start
    const placed = contents.map(({ bytes: _, ...content }) => {
      const offset = position + headerOf(content).length
      position = paddedEnd({ offset, size: content.size })
      return { ...content, offset }
    })
    const length = position + TAR_END.length
    const size = partSize ?? null
    return {
      ...{ version: 1, created: null, partSize: size, length },
      ...{ images: named, contents: placed, assumed, missing },
    }
  }
  const startOf = (size: number) =>
    Buffer.concat(before).length + 512 + size + tarPadding(size).length + behind
  let statement = formatBundleIndex(indexAt(0))
  for (let size = -1; size !== statement.length; ) {
    size = statement.length
    statement = formatBundleIndex(indexAt(startOf(size)))
  }
  const bytes = Buffer.concat([
    ...before,
    ...entry(BUNDLE_ENTRIES.bundle, statement),
    ...(sign === undefined ? [] : entry(BUNDLE_ENTRIES.signature, Buffer.from(await sign(statement)))),
    ...contents.flatMap((content) => [headerOf(content), content.bytes, tarPadding(content.size)]),
    TAR_END,
  ])
  const each = partSize ?? bytes.length
  return {
    index: indexAt(startOf(statement.length)),
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

function entry(path: string, bytes: Uint8Array): Uint8Array[] {
  return [tarHeader({ path, size: bytes.length }), bytes, tarPadding(bytes.length)]
}
