import type { SignBytes } from '../backends/ownership/ownership-key.ts'
import { joinedBytes } from '../internal/joined-bytes.ts'
import { TAR_END, tarHeader, tarPadding } from '../internal/tar.ts'
import { OCI_INDEX } from '../oci/manifest.ts'
import { headerOf } from './bundle-head.ts'
import {
  type AssumedContent,
  BUNDLE_ENTRIES,
  type BundleContent,
  type BundleImage,
  type BundleIndex,
  formatBundleIndex,
  type MissingContent,
} from './form.ts'
import { isSignatureName } from './image-name.ts'

/** What is to be in a bundle; lists in the order in which they are to stand there. */
export interface BundlePlan {
  readonly images: readonly BundleImage[]
  /** Manifests that nothing else in the bundle names: what hangs on an image as a referrer. */
  readonly referrers: readonly Omit<BundleImage, 'name'>[]
  /** Manifests first, those that others name before them. */
  readonly contents: readonly Omit<BundleContent, 'offset'>[]
  readonly assumed: readonly AssumedContent[]
  readonly lenders?: readonly string[]
  readonly missing: readonly MissingContent[]
  readonly partSize: number | null
}

/** Where everything is in a bundle, and the bytes before the first content. */
export interface LaidOut {
  readonly index: BundleIndex
  readonly head: Uint8Array<ArrayBuffer>
}

/** Characters of an Ed25519 signature in base64. */
const SIGNATURE_BYTES = 88
const encoder = new TextEncoder()

/**
 * Says where in the stream each content begins, and writes what stands before them: `oci-layout`, `index.json`,
 * `bundle.json` and, with `sign`, its signature.
 */
export async function layOut(plan: BundlePlan, sign?: SignBytes): Promise<LaidOut> {
  const layout = encoder.encode('{"imageLayoutVersion":"1.0.0"}')
  const list = encoder.encode(JSON.stringify(imageIndex(plan)))
  const before =
    entryBytes(BUNDLE_ENTRIES.layout, layout.length) + entryBytes(BUNDLE_ENTRIES.index, list.length)
  const behind = sign === undefined ? 0 : entryBytes(BUNDLE_ENTRIES.signature, SIGNATURE_BYTES)
  let index = indexOf(plan, 0)
  let bytes = formatBundleIndex(index)
  // Offsets stand in what they come behind: as they only grow with its length, this comes to an end.
  for (let length = -1; length !== bytes.length; ) {
    length = bytes.length
    index = indexOf(plan, before + entryBytes(BUNDLE_ENTRIES.bundle, length) + behind)
    bytes = formatBundleIndex(index)
  }
  const signature = sign === undefined ? undefined : encoder.encode(await sign(bytes))
  const parts = [
    ...entry(BUNDLE_ENTRIES.layout, layout),
    ...entry(BUNDLE_ENTRIES.index, list),
    ...entry(BUNDLE_ENTRIES.bundle, bytes),
    ...(signature === undefined ? [] : entry(BUNDLE_ENTRIES.signature, signature)),
  ]
  return { index, head: joinedBytes(parts) }
}

function indexOf(plan: BundlePlan, start: number): BundleIndex {
  const { images, contents, assumed, lenders = [], missing, partSize } = plan
  let position = start
  const placed = contents.map((content) => {
    const offset = position + headerOf(content).length
    position = offset + content.size + tarPadding(content.size).length
    const { digest, size, mediaType, repositories } = content
    return { digest, size, offset, ...(mediaType !== undefined && { mediaType }), repositories }
  })
  const length = position + TAR_END.length
  const lent = assumed.length > 0 && lenders.length > 0 && { lenders }
  return { version: 1, created: null, partSize, length, images, contents: placed, assumed, ...lent, missing }
}

/**
 * The list of an image layout: containerd and skopeo find images by their full names in it, each by its own key. What is
 * there as a signature has none: containerd would try to unpack it.
 */
function imageIndex({ images, referrers }: BundlePlan): object {
  const entries = images.map(({ name, mediaType, digest, size }) => {
    if (isSignatureName(name)) return { mediaType, digest, size }
    const annotations = { 'io.containerd.image.name': name, 'org.opencontainers.image.ref.name': name }
    return { mediaType, digest, size, annotations }
  })
  const others = referrers.map(({ mediaType, digest, size }) => ({ mediaType, digest, size }))
  return { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [...entries, ...others] }
}

function entry(path: string, bytes: Uint8Array): Uint8Array[] {
  return [tarHeader({ path, size: bytes.length }), bytes, tarPadding(bytes.length)]
}

function entryBytes(path: string, size: number): number {
  return tarHeader({ path, size }).length + size + tarPadding(size).length
}
