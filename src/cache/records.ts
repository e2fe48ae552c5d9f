import type { Digest } from '../oci/digest.ts'
import { isIndex } from '../oci/manifest.ts'
import type {
  CachedRepository,
  CacheRecords,
  ContentLink,
  LastAnswer,
  NamedQuestion,
} from './content-cache.ts'
import {
  type AnswerLine,
  answerLine,
  linkLine,
  questionKey,
  type RecordLine,
  readRecordLine,
  repositoryKey,
} from './record-line.ts'

/** How much is remembered: answers, links, and what those name, together. */
const MAX_WEIGHT = 400_000
/** What is forgotten at once, as a part of all: to find what is oldest costs as much as to forget many. */
const FORGOTTEN_SHARE = 1 / 20

export interface RecordsOptions {
  readonly maxWeight?: number
  /** Whether a content is to be there whatever else comes: then it must be known whose it is. */
  readonly isPinned?: (digest: Digest) => boolean
}

/**
 * What a mirror knows of names, in memory; each change is told as a line to keep. Bounded: what was recorded longest ago
 * goes first.
 */
export class Records implements CacheRecords {
  readonly #record: (line: object) => void
  readonly #maxWeight: number
  readonly #isPinned: (digest: Digest) => boolean
  /** By repository and kind, by what is asked of. */
  readonly #answers = new Map<string, Map<string, AnswerLine>>()
  /** How many answers each content is. */
  readonly #roots = new Map<Digest, number>()
  /** By content, by repository: a content that is dropped takes all of its links with it. */
  readonly #links = new Map<Digest, Map<string, Linked>>()
  /** The indexes that name a manifest. */
  readonly #indexes = new Map<Digest, Map<Digest, number>>()
  #weight = 0

  /** Is told of each line that is to be kept. */
  constructor(
    record: (line: object) => void,
    { maxWeight = MAX_WEIGHT, isPinned = () => false }: RecordsOptions = {},
  ) {
    this.#record = record
    this.#maxWeight = maxWeight
    this.#isPinned = isPinned
  }

  /** How many answers and links there are. */
  get counts(): { readonly answers: number; readonly links: number } {
    let [answers, links] = [0, 0]
    for (const each of this.#answers.values()) answers += each.size
    for (const each of this.#links.values()) links += each.size
    return { answers, links }
  }

  answer(question: NamedQuestion): LastAnswer | undefined {
    return this.#answers.get(questionKey(question))?.get(question.of)?.answer
  }

  *answers(
    repository: CachedRepository,
    kind: NamedQuestion['kind'],
  ): Generator<readonly [string, LastAnswer]> {
    const found = this.#answers.get(questionKey({ ...repository, kind }))
    for (const [of, line] of found ?? []) if (line.answer !== undefined) yield [of, line.answer]
  }

  setAnswer(question: NamedQuestion, answer: LastAnswer | undefined): void {
    const before = this.answer(question)
    if (before === undefined && answer === undefined) return
    this.#take(answerLine(question, answer))
  }

  link(repository: CachedRepository, digest: Digest): ContentLink | undefined {
    return this.#links.get(digest)?.get(repositoryKey(repository))?.link
  }

  *links(digest: Digest): Generator<readonly [CachedRepository, ContentLink]> {
    for (const { repository, link } of this.#links.get(digest)?.values() ?? []) yield [repository, link]
  }

  setLinks(repository: CachedRepository, links: ReadonlyMap<Digest, ContentLink>): void {
    for (const [digest, link] of links) {
      const before = this.link(repository, digest)
      if (before === undefined || !sameLink(before, link)) this.#take(linkLine(repository, digest, link))
    }
  }

  /** Whether an answer leads to it: it is one, or the manifest of a platform of one. */
  leadsTo(digest: Digest, depth = 0): boolean {
    if (this.#roots.has(digest)) return true
    if (depth === MAX_DEPTH) return false
    const indexes = this.#indexes.get(digest)
    return indexes?.keys().some((index) => this.leadsTo(index, depth + 1)) ?? false
  }

  /** A content is not there any more. */
  dropContent(digest: Digest): void {
    if (this.#links.has(digest)) this.#take({ dropped: digest })
  }

  /** Takes in a line that was kept; one that says nothing is passed over. */
  read(line: unknown): void {
    const read = readRecordLine(line)
    if (read !== undefined) this.#apply(read)
    this.#forget(false)
  }

  *lines(): Generator<RecordLine> {
    for (const answers of this.#answers.values()) yield* answers.values()
    for (const [digest, links] of this.#links) {
      for (const { repository, link } of links.values()) yield linkLine(repository, digest, link)
    }
  }

  #take(line: RecordLine): void {
    this.#apply(line)
    this.#record(line)
    this.#forget(true)
  }

  #apply(line: RecordLine): void {
    if ('dropped' in line) this.#dropLinks(line.dropped)
    else if ('link' in line) this.#setLink(line.link, line.repository, line.of)
    else this.#setAnswer(line)
  }

  #setAnswer(line: AnswerLine): void {
    const { question, answer } = line
    const key = questionKey(question)
    const answers = this.#answers.get(key) ?? new Map<string, AnswerLine>()
    const before = answers.get(question.of)?.answer
    // Renewed ones come last, repositories too.
    answers.delete(question.of)
    this.#answers.delete(key)
    if (answer !== undefined) answers.set(question.of, line)
    if (answers.size > 0) this.#answers.set(key, answers)
    if (before !== undefined) count(this.#roots, before.digest, -1)
    if (answer !== undefined) count(this.#roots, answer.digest, 1)
    this.#weight += Number(answer !== undefined) - Number(before !== undefined)
  }

  #setLink(digest: Digest, repository: CachedRepository, link: ContentLink): void {
    const key = repositoryKey(repository)
    const links = this.#links.get(digest) ?? new Map<string, Linked>()
    const before = links.get(key)
    if (before !== undefined) this.#unlink(digest, before.link)
    links.delete(key)
    this.#links.delete(digest)
    links.set(key, { repository, link })
    this.#links.set(digest, links)
    this.#weight += weightOf(link)
    if (isIndex(link.mediaType ?? '')) {
      for (const child of link.children ?? []) {
        const indexes = this.#indexes.get(child) ?? new Map<Digest, number>()
        count(indexes, digest, 1)
        this.#indexes.set(child, indexes)
      }
    }
  }

  #dropLinks(digest: Digest): void {
    for (const { link } of this.#links.get(digest)?.values() ?? []) this.#unlink(digest, link)
    this.#links.delete(digest)
  }

  #unlink(digest: Digest, link: ContentLink): void {
    this.#weight -= weightOf(link)
    if (!isIndex(link.mediaType ?? '')) return
    for (const child of link.children ?? []) {
      const indexes = this.#indexes.get(child)
      if (indexes === undefined) continue
      count(indexes, digest, -1)
      if (indexes.size === 0) this.#indexes.delete(child)
    }
  }

  /** Drops what is beyond the bound: links that were set longest ago, and when there are none, answers. */
  #forget(tell: boolean): void {
    if (this.#weight <= this.#maxWeight) return
    const target = this.#maxWeight - Math.floor(this.#maxWeight * FORGOTTEN_SHARE)
    for (const line of this.#oldest()) {
      if (this.#weight <= target) return
      this.#apply(line)
      if (tell) this.#record(line)
    }
  }

  /** What can be forgotten, in its order; what is pinned comes last. */
  *#oldest(): Generator<RecordLine> {
    let left = this.#links.size
    const spared = new Set<Digest>()
    for (const [digest, links] of this.#links) {
      if (left-- === 0) break
      if (this.#isPinned(digest)) {
        spared.add(digest)
        this.#links.delete(digest)
        this.#links.set(digest, links)
      } else yield { dropped: digest }
    }
    // One of each repository, which comes last then, and is come to again.
    for (const answers of this.#answers.values()) {
      const line = answers.values().find(({ answer }) => answer && !this.#isPinned(answer.digest))
      if (line !== undefined) yield answerLine(line.question, undefined)
    }
    for (const digest of spared) yield { dropped: digest }
  }
}

/** An index may name an index, and so on: no real one goes deeper. */
const MAX_DEPTH = 4

interface Linked {
  readonly repository: CachedRepository
  readonly link: ContentLink
}

function weightOf({ children = [] }: ContentLink): number {
  return 1 + children.length
}

function count(counts: Map<Digest, number>, digest: Digest, by: number): void {
  const now = (counts.get(digest) ?? 0) + by
  if (now > 0) counts.set(digest, now)
  else counts.delete(digest)
}

function sameLink(one: ContentLink, other: ContentLink): boolean {
  if (one.size !== other.size || one.mediaType !== other.mediaType || one.given !== other.given) return false
  const [mine = [], others = []] = [one.children, other.children]
  return mine.length === others.length && mine.every((digest, at) => digest === others[at])
}
