import type { Digest } from '../../oci/digest.ts'
import type { ImageList, ListedImage } from '../../oci/image-list.ts'
import type { FoundImage } from './pinned-image.ts'

/** A list of images with the name of its file. */
export interface NamedList extends ImageList {
  readonly file: string
}

/** Whether all that is pinned is there, for who asks what would become of the internet's end. */
export interface PinnedReport {
  /** `unknown` while not all of it was looked for and nothing is known to be missing, and where nothing is pinned. */
  readonly ready: 'yes' | 'no' | 'unknown'
  readonly images: { readonly kept: number; readonly missing: number; readonly unknown: number }
  /** Those that are missing, in the order of the lists; at most {@link MISSING_MAX} of them. */
  readonly missing: readonly MissingImage[]
  /** Bytes of all that they are made of, as far as that is known. */
  readonly bytes: number
  /** When all of it was gone through last, in milliseconds since 1970; absent before. */
  readonly checked?: number
}

/** An image that is not whole, or that a list names in vain. */
export interface MissingImage {
  /** Its reference, or `FILE:LINE` where a list names none. */
  readonly image: string
  readonly reason: string
}

/** As many missing images are named. */
export const MISSING_MAX = 500

/** The report in one line, such as `ready to lose the internet: no, these 2 are missing: …`. */
export function formatReadiness({ ready, images, missing }: PinnedReport, named = 10): string {
  const all = images.kept + images.missing + images.unknown
  const of = `${all} pinned ${all === 1 ? 'image' : 'images'}`
  if (all === 0) return 'ready to lose the internet: nothing is pinned (cache.pin)'
  if (ready === 'yes')
    return `ready to lose the internet: yes, ${all === 1 ? 'the one pinned image is' : `all of ${of} are`} here`
  if (ready === 'unknown')
    return `ready to lose the internet: not known yet, ${images.unknown} of ${of} are still looked for`
  const names = missing.slice(0, named).map(({ image }) => image)
  const more = images.missing - names.length
  const verb = images.missing === 1 ? 'this 1 is' : `these ${images.missing} are`
  return `ready to lose the internet: no, of ${of} ${verb} missing: ${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

/** What is known of pinned images. */
export interface PinnedState {
  readonly lists: readonly NamedList[]
  /** Those that the lists name, each once. */
  readonly images: readonly ListedImage[]
  /** By the whole reference; nothing of one that nobody has looked for yet. */
  readonly found: ReadonlyMap<string, FoundImage>
  /** Why a content could not be fetched last. */
  readonly failed: ReadonlyMap<Digest, string>
  /** Whether a content is here. */
  readonly has: (digest: Digest) => boolean
  /** What keeps the mirror from its disk, where something does. */
  readonly trouble?: string
  readonly checked?: number
}

/** Says of each image whether it is here. */
export function reportPinned(state: PinnedState): PinnedReport {
  const missing: MissingImage[] = state.lists.flatMap(({ file, faults }) =>
    faults.map(({ line, message }) => ({ image: `${file}:${line}`, reason: message })),
  )
  const images = { kept: 0, missing: missing.length, unknown: 0 }
  const sizes = new Map<Digest, number>()
  for (const { text } of state.images) {
    const found = state.found.get(text)
    if (found !== undefined && 'contents' in found) {
      for (const { digest, size } of found.contents.blobs.values()) sizes.set(digest, size)
    }
    const presence = presenceOf(found, state)
    if (typeof presence === 'string') images[presence]++
    else {
      images.missing++
      if (missing.length < MISSING_MAX) missing.push({ image: text, reason: presence.reason })
    }
  }
  return {
    ready: images.missing > 0 ? 'no' : images.unknown > 0 || images.kept === 0 ? 'unknown' : 'yes',
    images,
    missing,
    bytes: sizes.values().reduce((sum, size) => sum + size, 0),
    ...(state.checked !== undefined && { checked: state.checked }),
  }
}

/** Whether an image is here, or why it is missing. */
function presenceOf(
  found: FoundImage | undefined,
  { has, failed, trouble, checked }: PinnedState,
): 'kept' | 'unknown' | { readonly reason: string } {
  if (found === undefined) return 'unknown'
  if ('reason' in found) return found
  const { manifests, blobs } = found.contents
  const lacking = [...manifests, ...blobs.keys()].filter((digest) => !has(digest))
  if (lacking.length === 0) return 'kept'
  // What cannot be looked at may well be there.
  if (trouble !== undefined) return 'unknown'
  const why = lacking.map((digest) => failed.get(digest)).find((one) => one !== undefined)
  if (why === undefined && checked === undefined) return 'unknown'
  const what = `${lacking.length} of ${manifests.size + blobs.size} contents are not here`
  return { reason: why === undefined ? what : `${what}: ${why}` }
}
