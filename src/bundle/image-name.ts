import type { Digest } from '../oci/digest.ts'
import { isSignatureTag, type Name, type Tag } from '../oci/name.ts'

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

/** The full name of a repository in a bundle. */
export function repositoryName(host: string, name: Name): string {
  return `${host || NO_HOST}/${name}`
}

/** The name of an image in a bundle: by its tag where it has one, else by its digest. */
export function imageName({ host, name, tag, digest }: NamedImage): string {
  return `${repositoryName(host, name)}${tag === undefined ? `@${digest}` : `:${tag}`}`
}

/** Whether a name of an image in a bundle is that of a signature or the like, by its tag. */
export function isSignatureName(name: string): boolean {
  const [, tag = ''] = /:([^:/@]+)$/.exec(name) ?? []
  return isSignatureTag(tag)
}
