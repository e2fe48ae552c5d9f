import { z } from 'zod'
import { PortolanError } from '../errors.ts'
import { checkJsonBounds, JsonBoundsError } from '../internal/json-bounds.ts'
import { type Digest, parseDigest } from '../oci/digest.ts'
import { parseName, parseTag } from '../oci/name.ts'
import { FINDINGS_MAX, type LegacyList } from './legacy-list.ts'

/** Of a list with a million tags, in bytes. */
export const LIST_MAX_BYTES = 256 * 1024 * 1024
const VALUES_MAX = 8_000_000

const count = z.int().min(0)
const moment = z.iso.datetime()
const words = z.string().min(1).max(2000)
const headSchema = z.strictObject({
  version: z.literal(1),
  host: words,
  listedFrom: words,
  listed: moment,
  successor: words,
  checked: moment,
  counts: z.strictObject({
    ...{ repositories: count, tags: count, manifests: count, blobs: count, referrers: count },
    ...{ missing: count, different: count, unknown: count, excepted: count },
  }),
  findings: z
    .array(
      z.strictObject({
        kind: z.enum(['missing', 'different', 'unknown']),
        what: z.enum(['repository', 'tag', 'manifest', 'blob', 'referrer']),
        image: words,
        message: words,
        partOf: words.optional(),
      }),
    )
    .max(FINDINGS_MAX),
  repositories: z.custom<object>(isObject, { error: 'must be a map of repositories' }),
})

/**
 * Reads a list, which takes seconds where it has a million tags. Throws `CONTENT_INVALID` with what is wrong with it, in words
 * that follow what it is.
 */
export function readLegacyList(text: string): LegacyList {
  const parsed = headSchema.safeParse(parse(text))
  if (!parsed.success) {
    const [first] = parsed.error.issues
    throw invalid(
      `is no list of an old name: ${[first!.path.join('.'), first!.message].filter(Boolean).join(': ')}`,
    )
  }
  checkRepositories(parsed.data.repositories)
  return parsed.data as LegacyList
}

/** A list as it is written. */
export function formatLegacyList(list: LegacyList): string {
  return `${JSON.stringify(list, null, 1)}\n`
}

function parse(text: string): unknown {
  if (text.length > LIST_MAX_BYTES) throw invalid(`is longer than ${LIST_MAX_BYTES} bytes`)
  try {
    checkJsonBounds(new TextEncoder().encode(text), { values: VALUES_MAX })
    return JSON.parse(text)
  } catch (error) {
    // The parser's own words repeat the text, and somebody may have named the wrong file.
    throw invalid(error instanceof JsonBoundsError ? error.message : 'is no JSON')
  }
}

function checkRepositories(repositories: object): void {
  withoutPrototype(repositories)
  for (const [name, repository] of Object.entries(repositories)) {
    if (parseName(name) === undefined) throw invalid(`names ${show(name)}, which is no repository`)
    const { tags, referrers = {}, lacks = [], ...others } = isObject(repository) ? repository : NOTHING
    const [other] = Object.keys(others)
    if (other !== undefined) throw invalid(`says ${show(other)} of ${name}, which is not known`)
    if (!isObject(tags) || !isObject(referrers)) throw invalid(`does not say what ${name} has`)
    for (const [tag, digest] of Object.entries(withoutPrototype(tags))) {
      if (parseTag(tag) === undefined) throw invalid(`gives ${name} ${show(tag)}, which is no tag`)
      if (!isDigest(digest)) throw invalid(`gives ${name}:${tag} ${show(digest)}, which is no digest`)
    }
    for (const [subject, digests] of Object.entries(withoutPrototype(referrers))) {
      if (isDigest(subject) && areDigests(digests)) continue
      throw invalid(`does not say by digests what refers to ${name}@${show(subject)}`)
    }
    if (!areDigests(lacks)) throw invalid(`does not say by digests what ${name} lacks`)
  }
}

const NOTHING: Readonly<Record<string, unknown>> = {}

/** So that whoever looks for `constructor` finds it only where the list has it: it can be the name of a repository and a tag. */
function withoutPrototype<T extends object>(map: T): T {
  return Object.setPrototypeOf(map, null)
}

function areDigests(value: unknown): value is readonly Digest[] {
  return Array.isArray(value) && value.every(isDigest)
}

function isDigest(value: unknown): value is Digest {
  return typeof value === 'string' && parseDigest(value) !== undefined
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function show(value: unknown): string {
  return String(JSON.stringify(value)).slice(0, 100)
}

function invalid(message: string): PortolanError {
  return new PortolanError('CONTENT_INVALID', message)
}
