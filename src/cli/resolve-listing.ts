import { PortolanError } from '../errors.ts'
import { Semaphore } from '../internal/semaphore.ts'
import { readPlatform } from '../oci/keep-platforms.ts'
import type { Platform } from '../oci/manifest.ts'
import { formatReference, parseReference } from '../oci/reference.ts'
import { findReferrers, type ImageReferrer, resolveImage } from '../replication/images/resolve-image.ts'
import { orFault } from '../replication/manifest-reader.ts'
import type { ImagesOptions } from './commands/images-spec.ts'
import type { ImageListing, ListedImage } from './image-listing.ts'
import { createRegistries, type NamedRegistries } from './registries.ts'

/** What a registry did not tell of an image. */
export interface UnresolvedImage {
  readonly reference: string
  /** The registry does not have it, refuses to say, or did not answer. */
  readonly why: 'missing' | 'refused' | 'unknown'
  readonly message: string
}

/** A list whose images are what their registries have now. */
export interface ResolvedListing extends ImageListing {
  readonly unresolved: readonly UnresolvedImage[]
}

const QUESTIONS_AT_ONCE = 16

/** What is known of one image, and what is not; without an image, nothing is. */
interface Answer {
  readonly image?: ListedImage
  readonly fault?: UnresolvedImage
}

/** Asks the registries what the images of a list are; what could not be told is no longer among the images. */
export async function resolveListing(
  listing: ImageListing,
  { platform, referrers, plainHttp = [] }: ImagesOptions,
  signal: AbortSignal,
): Promise<ResolvedListing> {
  const registries = createRegistries({ plainHttp, signal })
  const wanted = { platform: platform === undefined ? undefined : readPlatform(platform), referrers }
  const answers = await new Semaphore(QUESTIONS_AT_ONCE).map(listing.images, async (image) => {
    const answer = await resolveOne(image, registries, wanted)
    signal.throwIfAborted()
    return answer
  })
  return {
    ...listing,
    images: answers.flatMap(({ image }) => image ?? []),
    unresolved: answers.flatMap(({ fault }) => fault ?? []),
  }
}

async function resolveOne(
  image: ListedImage,
  registries: NamedRegistries,
  wanted: { readonly platform: Platform | undefined; readonly referrers: boolean },
): Promise<Answer> {
  const { name, ...asked } = parseReference(image.reference)
  const faultOf = ({ code, message }: PortolanError, about = ''): UnresolvedImage => {
    const why = code === 'CONTENT_INVALID' ? 'missing' : code === 'ACCESS_DENIED' ? 'refused' : 'unknown'
    return { reference: image.reference, why, message: `${about}${message}` }
  }
  // A host that cannot be spoken to throws at once.
  const repository = await orFault(async () => registries.of(asked.host!).repository(name))
  if (repository instanceof PortolanError) return { fault: faultOf(repository) }
  const digest = await orFault(() => resolveImage(repository, name, { ...asked, platform: wanted.platform }))
  if (digest instanceof PortolanError) return { fault: faultOf(digest) }
  const resolved = { ...image, reference: formatReference({ name, ...asked, digest }) }
  if (!wanted.referrers) return { image: resolved }
  const referrers = await orFault((): Promise<readonly ImageReferrer[]> => findReferrers(repository, digest))
  // A registry that refuses to say what is signed has the image all the same.
  return referrers instanceof PortolanError
    ? { image: resolved, fault: faultOf(referrers, 'its referrers are not known: ') }
    : { image: { ...resolved, referrers } }
}
