import type { Digest } from '../oci/digest.ts'
import type { Name, Tag } from '../oci/name.ts'
import { parseReference } from '../oci/reference.ts'

/** An image of a bundle by the parts of its name. */
export interface ImageName {
  /** `HOST/NAME`. */
  readonly repository: string
  readonly host: string
  readonly name: Name
  readonly tag?: Tag
  readonly digest?: Digest
}

/** Reads `HOST/NAME:TAG` or `HOST/NAME@DIGEST`. Throws `REFERENCE_INVALID`. */
export function readImageName(text: string): ImageName {
  const { host = '', ...rest } = parseReference(text)
  return { host, repository: host === '' ? rest.name : `${host}/${rest.name}`, ...rest }
}

/** The repository of an image, `HOST/NAME`. */
export function repositoryOf(name: string): string {
  const [withoutDigest = ''] = name.split('@', 1)
  const colon = withoutDigest.lastIndexOf(':')
  return colon > withoutDigest.lastIndexOf('/') ? withoutDigest.slice(0, colon) : withoutDigest
}
