import type { Digest } from '../oci/digest.ts'
import { isSignatureTag, type Name, type Tag } from '../oci/name.ts'
import { parseReference } from '../oci/reference.ts'

/** What podman, too, calls the registry of an image that came from none. */
const NO_HOST = 'localhost'

/** An image as it is named by whoever asks for it. */
export interface NamedImage {
  /** Empty where nobody knows it. */
  readonly host: string
  readonly name: Name
  readonly tag?: Tag | undefined
  readonly digest?: Digest | undefined
}

/** An image of a bundle by the parts of its name. */
export interface ImageName extends NamedImage {
  /** `HOST/NAME`. */
  readonly repository: string
}

/** The full name of a repository in a bundle. */
export function repositoryName(host: string, name: Name): string {
  return `${host || NO_HOST}/${name}`
}

/** The name of an image in a bundle: by its tag where it has one, else by its digest. */
export function imageName({ host, name, tag, digest }: NamedImage): string {
  return `${repositoryName(host, name)}${tag === undefined ? `@${digest}` : `:${tag}`}`
}

/** Reads the name of an image in a bundle, `HOST/NAME:TAG` or `HOST/NAME@DIGEST`. Throws `REFERENCE_INVALID`. */
export function readImageName(text: string): ImageName {
  const { host = '', ...rest } = parseReference(text)
  return { host, repository: host === '' ? rest.name : `${host}/${rest.name}`, ...rest }
}

/** The repository of an image by its name in a bundle, `HOST/NAME`; of what is no such name, what stands before a tag. */
export function repositoryOf(name: string): string {
  const [withoutDigest = ''] = name.split('@', 1)
  const colon = withoutDigest.lastIndexOf(':')
  return colon > withoutDigest.lastIndexOf('/') ? withoutDigest.slice(0, colon) : withoutDigest
}

/** Whether a name of an image in a bundle is that of a signature or the like, by its tag. */
export function isSignatureName(name: string): boolean {
  const [, tag = ''] = /:([^:/@]+)$/.exec(name) ?? []
  return isSignatureTag(tag)
}
