import { PortolanError } from '../errors.ts'
import { orFault } from './manifest-reader.ts'

/** Far beyond any registry: a list that is longer does not end (some upstreams give the same page again and again). */
export const MAX_REPOSITORIES = 100_000
/** The same of the tags of one repository. */
export const MAX_TAGS = 1_000_000

/** A list as far as it came, and what was wrong when it ended early. */
export interface Collected<T> {
  readonly values: readonly T[]
  /** Entries that nothing can be called: the first few, each as it stands there. */
  readonly invalid: readonly string[]
  readonly fault?: PortolanError
}

/** How many entries that nothing can be called a warning names. */
const MAX_INVALID = 3
const MAX_INVALID_LENGTH = 128

/** Reads a list to its end, or as far as it comes: one of more than `most` entries does not end. */
export async function collect<T>(
  list: (onInvalid: (entry: string) => void) => Iterable<T> | AsyncIterable<T>,
  most: number,
): Promise<Collected<T>> {
  const values: T[] = []
  const invalid: string[] = []
  const onInvalid = (entry: string) => {
    if (invalid.length <= MAX_INVALID) invalid.push(entry.slice(0, MAX_INVALID_LENGTH))
  }
  const fault = await orFault(async () => {
    for await (const value of list(onInvalid)) {
      if (values.length === most) {
        throw new PortolanError('CONTENT_INVALID', `the list does not end after ${most} entries`)
      }
      values.push(value)
    }
  })
  return { values, invalid, ...(fault !== undefined && { fault }) }
}

/** Warns of what a list holds that nothing can be called: one such entry is no reason to do without all others. */
export function* invalidEntries(list: string, { invalid }: Collected<unknown>): Iterable<string> {
  if (invalid.length === 0) return
  const named = invalid.slice(0, MAX_INVALID).map((entry) => JSON.stringify(entry))
  const more = invalid.length > MAX_INVALID ? ' and others' : ''
  yield `${list} holds what nothing can be called, which is left out: ${named.join(', ')}${more}`
}

/** How a registry says that nobody, or not just anybody, may have its catalog. */
const WITHOUT_CATALOG: readonly unknown[] = [400, 401, 403, 404, 405, 501]

/** Whether a registry has said that it does not give its catalog, so that its repositories have to be named. */
export function isWithoutCatalog({ facts }: PortolanError): boolean {
  return WITHOUT_CATALOG.includes(facts.status)
}
