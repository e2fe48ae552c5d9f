import { PortolanError } from '../errors.ts'
import { type FullReference, parseFullReference } from '../oci/full-reference.ts'
import type { Format, Found } from './found.ts'
import { writtenOf } from './name.ts'

/** What something found in a text has pulled: an image, or one that cannot be named, and why. */
export type ImageUse =
  | { readonly kind: 'image'; readonly reference: FullReference }
  | { readonly kind: 'unclear'; readonly written: string; readonly why: string }

/** A tag that is not written here is written somewhere else: in the chart's appVersion, in the base. */
const TAG_ELSEWHERE: readonly Format[] = ['helm-values', 'helm-template', 'kustomize']
/** What is found is the registry of images that something else names. */
const IMAGES_ELSEWHERE: readonly Format[] = ['helm-values', 'talos', 'cluster-api', 'kops']
const OF_REGISTRY = 'it names a registry alone: which images are pulled from there is said elsewhere'
const OF_KUBEADM = 'kubeadm pulls from there: list that by --kubernetes and --custom-repository'
/** Templates, variables of shells and of CI, placeholders of people. */
const FILLED_IN = /\{\{|\$|%[({]|[<>]|@@/
/**
 * Of values that are images only by their looks, an API version (`apps.example/v1`) has no tag, and any word may be a
 * name where no host is before it.
 */
const HOSTED = /^(?:localhost|[^/]*[.:][^/]*)\//
/** A stage of a Dockerfile that begins with nothing. */
const NOTHING = 'scratch'

/** The image that a reference names, of whatever registry; `undefined` for what pulls none, or is hardly one. */
export function imageUseOf({
  format,
  parts,
  confidence,
  guard,
  beside,
  follows,
  isUse,
}: Found): ImageUse | undefined {
  if (guard ?? beside ?? isUse) return undefined
  // A name that others say is pulled by what is said here of its tag; without one, it is theirs alone.
  if (follows !== undefined && parts.tag === undefined && parts.digest === undefined) return undefined
  if (confidence === 'code' || confidence === 'text') return undefined
  const written = writtenOf(parts).replace(/^(?:docker|oci|docker-image|container-image):\/\//, '')
  const unclear = (why: string): ImageUse => ({ kind: 'unclear', written, why })
  if (parts.whole === undefined && parts.repository === undefined) {
    if (format === 'kubeadm') return unclear(OF_KUBEADM)
    return IMAGES_ELSEWHERE.includes(format) ? unclear(OF_REGISTRY) : undefined
  }
  // `https://…` is where a chart or a script is had from.
  if (written === NOTHING || written.includes('://')) return undefined
  if (FILLED_IN.test(written)) return unclear('it is filled in by something else')
  const isCertain = confidence === 'certain'
  try {
    const reference = parseFullReference(written)
    const isTagged = reference.digest !== undefined || /:[^/]*$/.test(written)
    if (isCertain && !isTagged && TAG_ELSEWHERE.includes(format))
      return unclear('its tag is said elsewhere, if at all')
    return isCertain || (isTagged && HOSTED.test(written)) ? { kind: 'image', reference } : undefined
  } catch (error) {
    if (!(error instanceof PortolanError)) throw error
    return isCertain ? unclear(error.message) : undefined
  }
}
