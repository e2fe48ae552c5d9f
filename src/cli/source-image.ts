import type { Reference } from '../oci/reference.ts'
import type { CopySource } from '../replication/images/copy-images.ts'
import { usage } from './sync-parts.ts'

/** An image that a command line names, and where it is had from. */
export interface SourceImage extends Reference {
  /** As references name its registry; in a place that is none, that of the one that it came from, if that is known. */
  readonly host: string
  readonly source: CopySource
  /** As it can be written on a command line. */
  readonly written: string
  /** Whether it has no name of its own: `name` is made up then. */
  readonly isNameless?: true
}

/**
 * The one image of a place that is meant: by its whole name, its name without the host, or its tag. Throws `USAGE` when there
 * is none, or several.
 */
export function chooseImage(
  images: readonly SourceImage[],
  wanted: string,
  location: string,
): readonly SourceImage[] {
  const isMeant = ({ host, name, tag, digest, written }: SourceImage) =>
    [
      written.slice(location.length + 1),
      ...(tag === undefined ? [] : [tag, `${name}:${tag}`, `${host}/${name}:${tag}`]),
      ...(digest === undefined ? [] : [digest, `${host}/${name}@${digest}`]),
    ].includes(wanted)
  const found = images.filter(isMeant)
  const digests = new Set(found.map(({ digest }) => digest))
  if (found.length > 0 && digests.size === 1) return found.slice(0, 1)
  const [which, list] = found.length === 0 ? ['no image', images] : ['several images', found]
  const known = list.slice(0, 10).map(({ written }) => written)
  const more = list.length > known.length ? ` and ${list.length - known.length} more` : ''
  throw usage(
    `${JSON.stringify(wanted)} names ${which} in ${location}${known.length === 0 ? '' : `: ${known.join(', ')}${more}`}`,
  )
}

/** Throws `USAGE` for an image that has no name, where each needs its own. */
export function requireNames(images: readonly SourceImage[], what: string): void {
  const nameless = images.find(({ isNameless }) => isNameless)
  if (nameless !== undefined)
    throw usage(`${nameless.written} has an image without a name, as HOST/NAME:TAG: ${what}`)
}
