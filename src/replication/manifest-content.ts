import { PortolanError } from '../errors.ts'
import { parseDigest } from '../oci/digest.ts'
import { type Descriptor, descriptorsOf, isIndex, isManifest, parseManifest } from '../oci/manifest.ts'
import type { KeptManifest } from '../storage/workspace.ts'

/** Docker's image manifest V2, schema 1: signed, or not. */
const SCHEMA_1 = /^application\/vnd\.docker\.distribution\.manifest\.v1\+(?:prettyjws|json)$/
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
  /** How many foreign layers were left out. */
  readonly foreign: number
}

/** A blob as a manifest names it; schema 1 says no size. */
export type ClaimedBlob = Pick<Descriptor, 'digest'> & Partial<Pick<Descriptor, 'size'>>

/** Whether a descriptor of this media type names something that names more. */
export function leadsOn(mediaType: string): boolean {
  return isIndex(mediaType) || isManifest(mediaType) || SCHEMA_1.test(mediaType)
}

/** Reads what a manifest names. Throws `CONTENT_INVALID`; `source` names the manifest there. */
export function readManifestContent({ bytes, mediaType }: KeptManifest, source: string): ManifestContent {
  const size = bytes.length
  if (SCHEMA_1.test(mediaType)) {
    const blobs = schema1Blobs(bytes, source)
    return { mediaType, size, isSchema1: true, manifests: [], blobs, foreign: 0 }
  }
  const manifest = parseManifest(bytes, source)
  const named = descriptorsOf(manifest)
  // An index may name what is no manifest (OCI image spec 1.1, image-index.md): build caches list layers so.
  const manifests = manifest.kind === 'index' ? named.filter((each) => leadsOn(each.mediaType)) : []
  const content = manifest.kind === 'index' ? named.filter((each) => !leadsOn(each.mediaType)) : named
  const blobs = content.filter((each) => !FOREIGN.test(each.mediaType))
  return {
    mediaType: manifest.mediaType,
    size,
    isSchema1: false,
    manifests,
    blobs: blobs.map(({ digest, size }) => ({ digest, size })),
    foreign: content.length - blobs.length,
  }
}

function schema1Blobs(bytes: Uint8Array, source: string): ClaimedBlob[] {
  try {
    const { fsLayers } = JSON.parse(new TextDecoder().decode(bytes)) as { fsLayers: { blobSum: string }[] }
    return fsLayers.map(({ blobSum }) => {
      const digest = parseDigest(blobSum)
      if (digest === undefined) throw new TypeError(`${JSON.stringify(blobSum)} is no digest`)
      return { digest }
    })
  } catch (error) {
    const message = `${source} is not a manifest of schema 1: ${(error as Error).message}`
    throw new PortolanError('CONTENT_INVALID', message, { source }, error)
  }
}
