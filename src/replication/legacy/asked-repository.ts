import { PortolanError } from '../../errors.ts'
import type { Digest } from '../../oci/digest.ts'
import type { Tag } from '../../oci/name.ts'
import type { BlobOptions, ListOptions, RepositoryReader, ResolveOptions } from '../../registry/reader.ts'
import { createFailureStreak, MAX_FAILURES } from '../failure-streak.ts'

/** Questions to one registry, which is asked no more after several in a row that it did not answer: each costs all its retries. */
export class Questions {
  readonly #streak = createFailureStreak()
  readonly #signal: AbortSignal
  #skipped = 0

  constructor(signal: AbortSignal) {
    this.#signal = signal
  }

  /** How many were not asked any more. */
  get skipped(): number {
    return this.#skipped
  }

  /** What a question gives. Rejects as it does, with {@link isNotAsked} when it was not asked, and when all is to end. */
  async ask<T>(question: () => Promise<T>): Promise<T> {
    this.#signal.throwIfAborted()
    if (this.#streak.tooLong) {
      this.#skipped++
      throw new PortolanError('UNREACHABLE', NOT_ASKED)
    }
    try {
      const answer = await question()
      this.#streak.succeeded()
      return answer
    } catch (error) {
      if (error instanceof PortolanError && error.code === 'UNREACHABLE') this.#streak.failed()
      throw error
    }
  }
}

const NOT_ASKED = `it was not asked any more, after ${MAX_FAILURES} questions in a row without an answer`

/** Whether a question was left out, since those before it had no answer. */
export function isNotAsked({ message }: PortolanError): boolean {
  return message === NOT_ASKED
}

/** A repository whose questions are counted, and of which is kept why a manifest cannot be had. */
export class AskedRepository implements RepositoryReader {
  readonly location: string
  /** By manifests that were asked for and did not come: that there is none, or what was wrong. */
  readonly lacking = new Map<Digest, 'absent' | PortolanError>()
  readonly #repository: RepositoryReader
  readonly #questions: Questions

  constructor(repository: RepositoryReader, questions: Questions) {
    this.location = repository.location
    this.#repository = repository
    this.#questions = questions
  }

  async *tags(options?: ListOptions) {
    const tags = await this.#questions.ask(async () => {
      const all: Tag[] = []
      for await (const tag of this.#repository.tags(options)) all.push(tag)
      return all
    })
    yield* tags
  }

  resolve(tag: Tag, options?: ResolveOptions) {
    return this.#questions.ask(() => this.#repository.resolve(tag, options))
  }

  async manifest(reference: Tag | Digest) {
    // What is asked for by its tag is no digest, and is found under none.
    const digest = reference as Digest
    try {
      const found = await this.#questions.ask(() => this.#repository.manifest(reference))
      if (found === undefined) this.lacking.set(digest, 'absent')
      return found
    } catch (error) {
      if (error instanceof PortolanError) this.lacking.set(digest, error)
      throw error
    }
  }

  referrers(subject: Digest) {
    return this.#questions.ask(() => this.#repository.referrers(subject))
  }

  stat(digest: Digest) {
    return this.#questions.ask(() => this.#repository.stat(digest))
  }

  blob(digest: Digest, options?: BlobOptions) {
    return this.#questions.ask(() => this.#repository.blob(digest, options))
  }
}
