import { type Digest, parseDigest } from '../oci/digest.ts'
import type { CachedRepository, ContentLink, LastAnswer, NamedQuestion } from './content-cache.ts'

/** One line of what is recorded. */
export type RecordLine = AnswerLine | LinkLine | { readonly dropped: Digest }

/** What a question was answered with; nothing, when there is no answer any more. */
export interface AnswerLine {
  readonly question: NamedQuestion
  readonly answer?: LastAnswer
}

/** What a repository has. */
export interface LinkLine {
  readonly link: Digest
  readonly repository: CachedRepository
  readonly of: ContentLink
}

/** No field of a record is longer: a tag has 128 characters, a repository's name 255, a registry's host fewer. */
const TEXT_MAX = 1024
const KINDS: readonly NamedQuestion['kind'][] = ['tag', 'tags', 'referrers']

/** Stands for a repository; a space is in neither part. */
export function repositoryKey({ registry, name }: CachedRepository): string {
  return `${registry} ${name}`
}

/** Stands for all questions of one kind in a repository. */
export function questionKey(question: Omit<NamedQuestion, 'of'>): string {
  return `${question.kind} ${repositoryKey(question)}`
}

export function answerLine(
  { registry, name, kind, of }: NamedQuestion,
  answer: LastAnswer | undefined,
): AnswerLine {
  return { question: { registry, name, kind, of }, ...(answer && { answer }) }
}

export function linkLine({ registry, name }: CachedRepository, digest: Digest, link: ContentLink): LinkLine {
  return { link: digest, repository: { registry, name }, of: link }
}

/** Reads a line, which may be anything that JSON can say; `undefined` for what is none. */
export function readRecordLine(value: unknown): RecordLine | undefined {
  const { question, answer, link, repository, of, dropped } = fields(value)
  if (dropped !== undefined) {
    const digest = digestOf(dropped)
    return digest && { dropped: digest }
  }
  if (link !== undefined) return readLink(digestOf(link), readRepository(repository), readOf(of))
  const asked = readQuestion(question)
  if (asked === undefined) return undefined
  if (answer === undefined) return { question: asked }
  const given = readAnswer(answer)
  return given && { question: asked, answer: given }
}

function readLink(
  link: Digest | undefined,
  repository: CachedRepository | undefined,
  of: ContentLink | undefined,
): LinkLine | undefined {
  return link && repository && of && { link, repository, of }
}

function readQuestion(value: unknown): NamedQuestion | undefined {
  const repository = readRepository(value)
  const { kind, of } = fields(value)
  const known = KINDS.find((each) => each === kind)
  return repository && known && isText(of) ? { ...repository, kind: known, of } : undefined
}

function readRepository(value: unknown): CachedRepository | undefined {
  const { registry, name } = fields(value)
  return isText(registry) && isText(name) ? { registry, name } : undefined
}

function readAnswer(value: unknown): LastAnswer | undefined {
  const { digest, mediaType, confirmed, etag } = fields(value)
  const named = digestOf(digest)
  if (named === undefined || !isText(mediaType) || !isNumber(confirmed)) return undefined
  return { digest: named, mediaType, confirmed, ...(isText(etag) && { etag }) }
}

function readOf(value: unknown): ContentLink | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { size, mediaType, children, given } = fields(value)
  const named = Array.isArray(children) ? children.map(digestOf) : undefined
  if (named?.includes(undefined)) return undefined
  return {
    ...(isNumber(size) && { size }),
    ...(isText(mediaType) && { mediaType }),
    ...(named && { children: named.filter((digest) => digest !== undefined) }),
    ...(given === true && { given }),
  }
}

function fields(value: unknown): Readonly<Record<string, unknown>> {
  return Object(value) as Readonly<Record<string, unknown>>
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= TEXT_MAX
}

function isNumber(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function digestOf(value: unknown): Digest | undefined {
  return typeof value === 'string' ? parseDigest(value) : undefined
}
