import type { Digest } from '../oci/digest.ts'
import { type Descriptor, descriptorsOf, isIndex, isManifest, parseManifest } from '../oci/manifest.ts'
import { isSchema1, parseSchema1 } from '../oci/schema1.ts'
import type { KeptManifest } from '../storage/workspace.ts'

/**
 * Layers that lie somewhere else and that nobody may pass on (OCI image spec 1.1, layer.md, "Non-Distributable
 * Layers"); their `urls` say where. A layer of another type lies in the registry too, whatever `urls` it has.
 */
const FOREIGN =
  /^application\/vnd\.(?:oci\.image\.layer\.nondistributable\.|docker\.image\.rootfs\.foreign\.)/

/** What a manifest names, sorted by what is to be done with it. */
export interface ManifestContent {
  readonly mediaType: string
  /** Bytes. */
  readonly size: number
  /** Docker's schema 1: its blobs are worth having, but no store keeps it, since no client should ask for it. */
  readonly isSchema1: boolean
  readonly manifests: readonly Descriptor[]
  readonly blobs: readonly ClaimedBlob[]
  readonly foreign: readonly ForeignLayer[]
  /** What it is about. */
  readonly subject?: Digest
}

/** A layer that lies elsewhere, at the addresses that its manifest names. */
export interface ForeignLayer extends Pick<Descriptor, 'digest' | 'size'> {
  readonly urls: readonly string[]
}

/** A blob as a manifest names it; schema 1 says no size. */
export type ClaimedBlob = Pick<Descriptor, 'digest'> & Partial<Pick<Descriptor, 'size'>>

/** Whether a descriptor of this media type names something that names more. */
export function leadsOn(mediaType: string): boolean {
  return isIndex(mediaType) || isManifest(mediaType) || isSchema1(mediaType)
}

/** Reads what a manifest names. Throws `CONTENT_INVALID`; `source` names the manifest there. */
export function readManifestContent({ bytes, mediaType }: KeptManifest, source: string): ManifestContent {
  const size = bytes.length
  if (isSchema1(mediaType)) {
    const blobs = parseSchema1(bytes, source).blobs.map((digest) => ({ digest }))
    return { mediaType, size, isSchema1: true, manifests: [], blobs, foreign: [] }
  }
  const manifest = parseManifest(bytes, source)
  const named = descriptorsOf(manifest)
  // An index may name what is no manifest (OCI image spec 1.1, image-index.md): build caches list layers so.
  const manifests = manifest.kind === 'index' ? named.filter((each) => leadsOn(each.mediaType)) : []
  const content = manifest.kind === 'index' ? named.filter((each) => !leadsOn(each.mediaType)) : named
  const isForeign = ({ mediaType }: Descriptor) => FOREIGN.test(mediaType)
  return {
    mediaType: manifest.mediaType,
    size,
    isSchema1: false,
    manifests,
    blobs: content.filter((each) => !isForeign(each)).map(({ digest, size }) => ({ digest, size })),
    ...(manifest.subject && { subject: manifest.subject.digest }),
    foreign: content.filter(isForeign).map(({ digest, size, urls = [] }) => ({ digest, size, urls })),
  }
}
