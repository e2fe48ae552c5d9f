import { describe, expect, it } from 'vitest'
import { createTestRuntime, type TestRuntime } from '../../test/support/test-runtime.ts'
import type { CacheRecords, LastAnswer, NamedQuestion } from '../cache/content-cache.ts'
import type { RevalidateConfig } from '../config/config.ts'
import { PortolanError } from '../errors.ts'
import { type Digest, parseDigest } from '../oci/digest.ts'
import type { Name } from '../oci/name.ts'
import type { Upstream } from '../routing/backend.ts'
import type { Asked } from './ask-in-turn.ts'
import { NamedAnswers, type NewAnswer } from './named-answers.ts'

const OLD = digest('a')
const NEW = digest('b')
const QUESTION: NamedQuestion = {
  registry: 'docker.io',
  name: 'library/x' as Name,
  kind: 'tag',
  of: 'latest',
}
const DEFAULTS: RevalidateConfig = {
  ...{ after: 300_000, timeout: 2000, onError: 'stale', onGone: 'refuse', negative: 10_000 },
}
const ABSENT: Asked<NewAnswer> = { kind: 'absent' }
const REFUSED = failed(new PortolanError('ACCESS_DENIED', 'no'))
const DOWN = failed(new PortolanError('UNREACHABLE', 'no'))

/** A mirror that knows one tag, and an upstream that is asked by hand. */
class World {
  readonly runtime: TestRuntime = createTestRuntime()
  readonly pending: PromiseWithResolvers<Asked<NewAnswer>>[] = []
  readonly settings: RevalidateConfig
  isQuiet = false
  #last: LastAnswer | undefined
  readonly #answers: NamedAnswers

  constructor(settings: Partial<RevalidateConfig> = {}, last: Digest | 'none' = OLD, ahead = 0) {
    this.settings = { ...DEFAULTS, ...settings }
    if (last !== 'none') this.#last = { digest: last, mediaType: 'm', confirmed: this.date + ahead }
    const records: CacheRecords = {
      answer: () => this.#last,
      setAnswer: (_, answer) => {
        this.#last = answer
      },
      link: () => undefined,
      links: () => [],
      setLinks() {},
      answers: () => [],
    }
    this.#answers = new NamedAnswers(this.runtime, { records, settings: () => this.settings })
  }

  get date(): number {
    return this.runtime.date().getTime()
  }

  get last(): LastAnswer | undefined {
    return this.#last
  }

  /** Asks, in words: `hit OLD`, `stale OLD late`, `absent`, `failed ACCESS_DENIED`. */
  async get(): Promise<string> {
    const answer = await this.#answers.get({
      question: QUESTION,
      ask: () => {
        const asked = Promise.withResolvers<Asked<NewAnswer>>()
        this.pending.push(asked)
        return asked.promise
      },
      isQuiet: async () => this.isQuiet,
    })
    if (answer.kind === 'absent') return 'absent'
    if (answer.kind === 'failed') return `failed ${answer.error.code}`
    const name = answer.answer.digest === OLD ? 'OLD' : 'NEW'
    return [answer.cache, name, answer.because].filter(Boolean).join(' ')
  }

  /** Lets what waits go on. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 20; turn++) await Promise.resolve()
  }

  /** Answers the request that is on its way. */
  async answer(asked: Asked<NewAnswer>): Promise<void> {
    await this.settle()
    this.pending.at(-1)!.resolve(asked)
    await this.settle()
  }
}

describe('what a name stands for', () => {
  it('is believed for a while, and asked for then', async () => {
    const world = new World()
    world.runtime.advance(299_999)
    expect(await world.get()).toBe('hit OLD')
    world.runtime.advance(1)
    const later = world.get()
    await world.answer(found(OLD))
    expect(await later).toBe('miss OLD')
    expect(await world.get()).toBe('hit OLD')
    expect(world.pending).toHaveLength(1)
  })

  it('is asked for once, whoever wants to know', async () => {
    const world = new World({}, 'none')
    const all = Promise.all(Array.from({ length: 20 }, () => world.get()))
    await world.answer(found(NEW))
    expect(new Set(await all)).toEqual(new Set(['miss NEW']))
    expect(world.pending).toHaveLength(1)
    expect(world.last).toEqual({ digest: NEW, mediaType: 'm', confirmed: world.date })
  })

  it.each<
    [string, Partial<RevalidateConfig>, Digest | undefined, Asked<NewAnswer>, string, Digest | undefined]
  >([
    ['it has moved', {}, OLD, found(NEW), 'miss NEW', NEW],
    ['it is gone', {}, OLD, ABSENT, 'absent', undefined],
    ['it is gone, and is to be served', { onGone: 'serve' }, OLD, ABSENT, 'stale OLD gone', OLD],
    ['it never was', { onGone: 'serve' }, undefined, ABSENT, 'absent', undefined],
    ['the upstream is down', {}, OLD, DOWN, 'stale OLD unreachable', OLD],
    ['the upstream refuses', {}, OLD, REFUSED, 'stale OLD refused', OLD],
    ['it is down, and older answers do not count', { onError: 'fail' }, OLD, DOWN, 'failed UNREACHABLE', OLD],
    ['it is down, and there is no older answer', {}, undefined, DOWN, 'failed UNREACHABLE', undefined],
  ])('%s', async (_, settings, last, asked, expected, kept) => {
    const world = new World({ after: 0, ...settings }, last ?? 'none')
    const answer = world.get()
    await world.answer(asked)
    expect(await answer).toBe(expected)
    expect(world.last?.digest).toBe(kept)
  })

  it('is not waited for longer than said, and by nobody else as long as the same request is on its way', async () => {
    const world = new World({ after: 0 })
    const first = world.get()
    await world.settle()
    world.runtime.advance(1500)
    const second = world.get()
    await world.settle()
    world.runtime.advance(500)
    expect(await Promise.all([first, second])).toEqual(['stale OLD late', 'stale OLD late'])
    // Without the clock being turned.
    expect(await world.get()).toBe('stale OLD late')
    expect(world.pending).toHaveLength(1)
    // What comes late is for those who come later.
    await world.answer(found(NEW))
    expect(world.last?.digest).toBe(NEW)
  })

  it('waits for its upstream as long as it takes where older answers do not count', async () => {
    const world = new World({ after: 0, onError: 'fail' })
    const first = world.get()
    await world.settle()
    world.runtime.advance(9000)
    await world.answer(found(NEW))
    expect(await first).toBe('miss NEW')
  })

  it('is not asked for again soon after a refusal, nor of an upstream that does not answer', async () => {
    const world = new World({ after: 0 })
    const first = world.get()
    await world.answer(REFUSED)
    expect(await first).toBe('stale OLD refused')
    world.runtime.advance(9999)
    expect(await world.get()).toBe('stale OLD refused')
    world.runtime.advance(1)
    world.isQuiet = true
    expect(await world.get()).toBe('stale OLD unreachable')
    expect(world.pending).toHaveLength(1)
    world.isQuiet = false
    const later = world.get()
    await world.answer(found(OLD))
    expect(await later).toBe('miss OLD')
  })

  it('is not asked for again as long as there is said to be none', async () => {
    const world = new World({ after: 0 }, 'none')
    const first = world.get()
    await world.answer(ABSENT)
    expect(await first).toBe('absent')
    world.runtime.advance(9999)
    expect(await world.get()).toBe('absent')
    world.runtime.advance(1)
    const later = world.get()
    await world.answer(found(NEW))
    expect(await later).toBe('miss NEW')
  })

  it('is asked for when it was confirmed in the future', async () => {
    const world = new World({ after: 300_000 }, OLD, 86_400_000)
    const asked = world.get()
    await world.answer(found(OLD))
    expect(await asked).toBe('miss OLD')
    expect(world.last?.confirmed).toBe(world.date)
  })
})

function found(digest: Digest): Asked<NewAnswer> {
  return { kind: 'found', value: { digest, mediaType: 'm' }, upstream: {} as Upstream }
}

function failed(error: PortolanError): Asked<NewAnswer> {
  return { kind: 'failed', error }
}

function digest(letter: string): Digest {
  return parseDigest(`sha256:${letter.repeat(64)}`)!
}
