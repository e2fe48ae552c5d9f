import type { CacheRecords, LastAnswer, NamedQuestion } from '../cache/content-cache.ts'
import type { RevalidateConfig } from '../config/config.ts'
import type { PortolanError } from '../errors.ts'
import { GenerationalCache } from '../internal/generational-cache.ts'
import { within } from '../internal/within.ts'
import type { Runtime } from '../runtime.ts'
import type { Asked } from './ask-in-turn.ts'
import { type FailureKind, failureOf } from './failure.ts'
import { type Flight, Flights } from './flights.ts'

/** What an upstream answered now. */
export interface NewAnswer extends Pick<LastAnswer, 'digest' | 'mediaType'> {
  /** The content, where it came along. */
  readonly bytes?: Uint8Array
}

/** Why an older answer is given: what the upstream did, or that it was too late. */
export type StaleCause = FailureKind | 'late' | 'gone'

/** What a client is told. */
export type NamedAnswer =
  | {
      readonly kind: 'answer'
      readonly answer: NewAnswer
      /** From memory, from the upstream now, or from memory though that should have been confirmed. */
      readonly cache: 'hit' | 'miss' | 'stale'
      /** When the upstream said so last, in milliseconds since 1970. */
      readonly confirmed: number
      /** Of a stale answer. */
      readonly because?: StaleCause
    }
  | { readonly kind: 'absent' }
  | { readonly kind: 'failed'; readonly error: PortolanError }

export interface NamedAnswersOptions {
  readonly records: CacheRecords
  readonly settings: () => RevalidateConfig
}

export interface QuestionOptions {
  readonly question: NamedQuestion
  /** Asks the upstream, who need not give the content when the answer is still `last`. Must not reject. */
  readonly ask: (last: LastAnswer | undefined) => Promise<Asked<NewAnswer>>
  /** Whether there is no point in asking now, for whoever has an older answer. */
  readonly isQuiet: () => Promise<boolean>
}

/** Questions that failed, or were answered with "there is none", and are not to be asked again yet. */
const REMEMBERED_MAX = 20_000
/** For how long a question that was refused is not asked again by those who have an older answer, in milliseconds. */
const REFUSED = 10_000

/**
 * What names stand for: asked once for all who want to know, believed for a while, and then confirmed by one request; an
 * older answer stands in where that fails, as the config says.
 */
export class NamedAnswers {
  readonly #runtime: Runtime
  readonly #options: NamedAnswersOptions
  readonly #flights: Flights<NewAnswer>
  /** By question, until when "there is none" counts. */
  readonly #absent = new GenerationalCache<string, number>(REMEMBERED_MAX)
  readonly #refused = new GenerationalCache<
    string,
    { readonly until: number; readonly because: FailureKind }
  >(REMEMBERED_MAX)

  constructor(runtime: Runtime, options: NamedAnswersOptions) {
    this.#runtime = runtime
    this.#options = options
    this.#flights = new Flights(runtime)
  }

  async get({ question, ask, isQuiet }: QuestionOptions): Promise<NamedAnswer> {
    const { records, settings } = this.#options
    const { after, onGone } = settings()
    const key = keyOf(question)
    const last = records.answer(question)
    if (last !== undefined && this.#age(last) < after) {
      return { kind: 'answer', answer: last, cache: 'hit', confirmed: last.confirmed }
    }
    const now = this.#runtime.now()
    const absentUntil = this.#absent.get(key) ?? 0
    if (absentUntil > now) {
      return last !== undefined && onGone === 'serve' ? stale(last, 'gone') : { kind: 'absent' }
    }
    if (last === undefined) {
      const asked = await this.#join(key, question, undefined, ask).done
      return this.#conclude(asked, undefined)
    }
    return this.#confirm(key, question, last, { ask, isQuiet })
  }

  async #confirm(
    key: string,
    question: NamedQuestion,
    last: LastAnswer,
    { ask, isQuiet }: Pick<QuestionOptions, 'ask' | 'isQuiet'>,
  ): Promise<NamedAnswer> {
    const { timeout, onError } = this.#options.settings()
    const runtime = this.#runtime
    if (onError === 'stale' && this.#flights.get(key) === undefined) {
      const refused = this.#refused.get(key)
      if (refused !== undefined && refused.until > runtime.now()) return stale(last, refused.because)
      if (await isQuiet()) return stale(last, 'unreachable')
    }
    const flight = this.#join(key, question, last, ask)
    if (onError === 'fail') return this.#conclude(await flight.done, last)
    const left = timeout - (runtime.now() - flight.began)
    if (left <= 0) return stale(last, 'late')
    const asked = await within(runtime, left, flight.done, undefined)
    return asked === undefined ? stale(last, 'late') : this.#conclude(asked, last)
  }

  #conclude(asked: Asked<NewAnswer>, last: LastAnswer | undefined): NamedAnswer {
    const { onError, onGone } = this.#options.settings()
    switch (asked.kind) {
      case 'found':
        return { kind: 'answer', answer: asked.value, cache: 'miss', confirmed: this.#date() }
      case 'absent':
        return last !== undefined && onGone === 'serve' ? stale(last, 'gone') : { kind: 'absent' }
      case 'failed':
        return last !== undefined && onError === 'stale' ? stale(last, failureOf(asked.error).kind) : asked
    }
  }

  #join(
    key: string,
    question: NamedQuestion,
    last: LastAnswer | undefined,
    ask: QuestionOptions['ask'],
  ): Flight<NewAnswer> {
    return this.#flights.join(key, async () => {
      const asked = await ask(last)
      this.#learn(key, question, asked)
      return asked
    })
  }

  #learn(key: string, question: NamedQuestion, asked: Asked<NewAnswer>): void {
    const { records, settings } = this.#options
    const { negative, onGone } = settings()
    const now = this.#runtime.now()
    this.#absent.delete(key)
    this.#refused.delete(key)
    switch (asked.kind) {
      case 'found': {
        const { digest, mediaType } = asked.value
        records.setAnswer(question, { digest, mediaType, confirmed: this.#date() })
        return
      }
      case 'absent':
        this.#absent.set(key, now + negative)
        if (onGone === 'refuse') records.setAnswer(question, undefined)
        return
      case 'failed':
        this.#refused.set(key, { until: now + REFUSED, because: failureOf(asked.error).kind })
    }
  }

  /** The clock may have been set back: what was confirmed in the future was confirmed just now, once. */
  #age({ confirmed }: LastAnswer): number {
    const age = this.#date() - confirmed
    return age < 0 ? Number.POSITIVE_INFINITY : age
  }

  #date(): number {
    return this.#runtime.date().getTime()
  }
}

function stale(answer: LastAnswer, because: StaleCause): NamedAnswer {
  return { kind: 'answer', answer, cache: 'stale', confirmed: answer.confirmed, because }
}

function keyOf({ registry, name, kind, of }: NamedQuestion): string {
  return `${kind} ${registry} ${name} ${of}`
}
