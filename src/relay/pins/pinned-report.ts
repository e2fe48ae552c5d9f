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
