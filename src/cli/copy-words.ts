import { usage } from './sync-parts.ts'

/** What is no registry: an image layout in a folder, one in a tar archive, a bundle, a store of the config. */
export type PlaceKind = 'oci' | 'oci-archive' | 'bundle' | 'store'

/** A word of a command line that names a place which is no registry. */
export interface PlaceWord {
  readonly kind: PlaceKind
  /** What it begins with, such as `oci:/srv/images`. */
  readonly location: string
  /** The folder, the file, or the id of the store. */
  readonly place: string
  /** Which image of it, where one is named. */
  readonly image?: string
}

/** What stands for the place, and what each is called for in errors. */
const FORMS: Readonly<Record<PlaceKind, string>> = {
  oci: 'oci:FOLDER[:NAME:TAG]',
  'oci-archive': 'oci-archive:FILE[:NAME:TAG]',
  bundle: 'bundle:FOLDER[:NAME:TAG]',
  store: 'store:ID[@DIGEST]',
}

/**
 * Reads a word such as `oci:FOLDER:NAME:TAG`, whose place ends at the next colon as in other tools, or `store:ID@DIGEST`;
 * `undefined` for one of no such kind, which is a reference. Throws `USAGE` where the place is left out.
 */
export function readPlaceWord(word: string): PlaceWord | undefined {
  const [, kind, rest = ''] = /^(oci|oci-archive|bundle|store):(.*)$/s.exec(word) ?? []
  if (kind === undefined) return undefined
  const at = rest.indexOf(kind === 'store' ? '@' : ':')
  const place = at < 0 ? rest : rest.slice(0, at)
  const image = at < 0 ? undefined : rest.slice(at + 1)
  if (place === '' || image === '')
    throw usage(`${JSON.stringify(word)} leaves something out: expected ${FORMS[kind as PlaceKind]}`)
  const location = `${kind}:${place}`
  return { kind: kind as PlaceKind, location, place, ...(image !== undefined && { image }) }
}
