import { PortolanError } from '../errors.ts'
import { GenerationalCache } from '../internal/generational-cache.ts'
import type { Runtime } from '../runtime.ts'
import { readRetryAfter } from '../transport/retry-after.ts'
import { failureOf } from './failure.ts'

/** For how long one that gave no answer is not asked again by those who have another, in milliseconds. */
const SILENCE = 10_000
/** For how long one is left alone that limits us and does not say how long, in milliseconds. */
const LIMITED = 5000
/** The longest that one may have us leave it alone, in milliseconds. */
const LIMITED_MAX = 15 * 60_000
/** Ids come from the config, of which there may be many, one after the other. */
const REMEMBERED_MAX = 1000

interface Rest {
  /** In the runtime's time. */
  readonly until: number
  /** Whether it asked for that itself, so that nobody may ask it. */
  readonly isOrdered: boolean
}

/** Which upstreams are to be left alone for a while, since they said so or did not answer. */
export class UpstreamRests {
  readonly #runtime: Pick<Runtime, 'now' | 'date'>
  readonly #rests = new GenerationalCache<string, Rest>(REMEMBERED_MAX)

  constructor(runtime: Pick<Runtime, 'now' | 'date'>) {
    this.#runtime = runtime
  }

  /** Takes note of what went wrong when it was asked. */
  note(id: string, error: unknown): void {
    const { kind, retryAfter } = failureOf(error)
    if (kind === 'refused' || kind === 'wrong') return
    const asked = Math.min(readRetryAfter(retryAfter, this.#runtime) ?? 0, LIMITED_MAX)
    const isOrdered = kind === 'limited' || asked > 0
    const pause = asked > 0 ? asked : isOrdered ? LIMITED : SILENCE
    this.#rests.set(id, { until: this.#runtime.now() + pause, isOrdered })
  }

  /** Takes note of an answer. */
  answered(id: string): void {
    this.#rests.delete(id)
  }

  /** Throws when nobody may ask it now: it said until when. */
  check(id: string): void {
    const rest = this.#restOf(id)
    if (!rest?.isOrdered) return
    const seconds = Math.max(1, Math.ceil((rest.until - this.#runtime.now()) / 1000))
    const message = `${id} asks to be left alone for ${seconds} s more`
    throw new PortolanError('UNREACHABLE', message, { status: 429, retryAfter: String(seconds) })
  }

  /** Whether those who have another answer should not ask it now. */
  isQuiet(id: string): boolean {
    return this.#restOf(id) !== undefined
  }

  #restOf(id: string): Rest | undefined {
    const rest = this.#rests.get(id)
    if (rest === undefined || rest.until > this.#runtime.now()) return rest
    this.#rests.delete(id)
    return undefined
  }
}
