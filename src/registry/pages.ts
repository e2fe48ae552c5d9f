import { PortolanError } from '../errors.ts'
import { checkJsonBounds, JsonBoundsError } from '../internal/json-bounds.ts'
import type { Asker, Document } from './ask.ts'
import { nextLink } from './link.ts'
import type { RegistryQuestion } from './question.ts'

/** What one page of a list is read into: entries with the key by which two are the same. */
export type ReadPage<Entry> = (
  document: Document,
  question: RegistryQuestion,
) => Iterable<readonly [string, Entry]>

/** A repository's tags come on one page at some registries; Google's add what they know of each manifest. */
export const PAGE_MAX_BYTES = 64 * 1024 * 1024
/** Of the largest of those pages, a few for each manifest. */
const PAGE_MAX_VALUES = 4_000_000
const ENTRIES_MAX = 1_000_000
const PAGES_MAX = 20_000
/** In a row: a page may well be empty after a registry has left out what an account may not see. */
const PAGES_WITHOUT_NEW_MAX = 10

/**
 * The entries of a list, each once, from its first page on by the `Link` to the next one (OCI distribution spec 1.1,
 * "Listing Tags"). Nothing is guessed from the number of entries, since registries bound pages as they like.
 *
 * Rejects with `CONTENT_INVALID` when the pages go in circles, do not move on, lead to another origin, or do not end.
 */
export async function* followPages<Entry>(
  asker: Asker,
  question: RegistryQuestion,
  first: Document,
  readPage: ReadPage<Entry>,
): AsyncGenerator<Entry> {
  const invalid = (why: string) =>
    new PortolanError('CONTENT_INVALID', `${question.what} cannot be listed: ${why}`, question.facts)
  const keys = new Set<string>()
  const asked = new Set<string>()
  let withoutNew = 0
  let page = { question, document: first }
  for (;;) {
    asked.add(page.question.url)
    const before = keys.size
    for (const [key, entry] of readPage(page.document, page.question)) {
      if (keys.has(key)) continue
      if (keys.size >= ENTRIES_MAX) throw invalid(`it has more than ${ENTRIES_MAX} entries`)
      keys.add(key)
      yield entry
    }
    withoutNew = keys.size > before ? 0 : withoutNew + 1
    const link = nextLink(page.document.headers.get('Link') ?? '')
    if (link === undefined) return
    const url = URL.parse(link, page.question.url)
    if (url === null) throw invalid('the link to its next page is no address')
    if (url.origin !== new URL(question.url).origin) {
      throw invalid(`its next page is at ${url.origin}, which is not the registry`)
    }
    if (asked.has(url.href)) throw invalid('its pages lead back to where they were')
    if (asked.size >= PAGES_MAX) throw invalid(`it has more than ${PAGES_MAX} pages`)
    if (withoutNew >= PAGES_WITHOUT_NEW_MAX) {
      throw invalid(`${PAGES_WITHOUT_NEW_MAX} pages in a row bring nothing new`)
    }
    const next = { ...question, url: url.href }
    const document = await asker.read(next, PAGE_MAX_BYTES)
    if (document === undefined) throw invalid('its next page is not there (404)')
    page = { question: next, document }
  }
}

/** A list of strings in a page; empty where Go wrote `null`. Throws `CONTENT_INVALID`. */
export function readStrings(
  page: Readonly<Record<string, unknown>>,
  field: string,
  question: RegistryQuestion,
): readonly string[] {
  const { [field]: value } = page
  if (value === null) return []
  if (Array.isArray(value) && value.every((entry) => typeof entry === 'string')) return value
  throw garbled(question, `"${field}" is no list of strings`)
}

/** A page as a JSON object. Throws `CONTENT_INVALID`. */
export function readPageObject(
  { bytes }: Document,
  question: RegistryQuestion,
): Readonly<Record<string, unknown>> {
  try {
    checkJsonBounds(bytes, { values: PAGE_MAX_VALUES })
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch (error) {
    const tooMuch = error instanceof JsonBoundsError
    throw garbled(question, tooMuch ? error.message : 'it is not JSON', error)
  }
  throw garbled(question, 'it is no JSON object')
}

/** The error for a list that cannot be read. */
export function garbled({ what, url, facts }: RegistryQuestion, why: string, cause?: unknown): PortolanError {
  const { origin, pathname } = new URL(url)
  const message = `${what} cannot be read: ${why}; check that ${origin}${pathname} is answered by a registry`
  return new PortolanError('CONTENT_INVALID', message, facts, cause)
}
