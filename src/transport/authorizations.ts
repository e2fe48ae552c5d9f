import { GenerationalCache } from '../internal/generational-cache.ts'
import type { Runtime } from '../runtime.ts'

/** What goes into a request, and how long it is of use. Times are the runtime's. */
export interface Authorization {
  readonly header: string
  /** From when on another one is fetched, while this one is used. */
  readonly renewAt: number
  readonly until: number
}

/** Registries give a token for each repository. */
const REMEMBERED_MAX = 10_000
/** How long after a renewal that failed another one is tried, while the old one is still good, in milliseconds. */
const PAUSE = 5_000

type AuthorizationsRuntime = Pick<Runtime, 'now' | 'background'>

/** Keeps what registries were shown, gets each anew before it ends, and once for all who need it at one moment. */
export class Authorizations {
  readonly #runtime: AuthorizationsRuntime
  readonly #known = new GenerationalCache<string, Authorization>(REMEMBERED_MAX)
  readonly #underway = new Map<string, Promise<string | undefined>>()

  constructor(runtime: AuthorizationsRuntime) {
    this.#runtime = runtime
  }

  /**
   * What is known under a key, or what `create` gives; never `refused`, which has just been turned down, unless that is
   * all there is. Rejects as `create` does.
   */
  get(
    key: string,
    refused: string | undefined,
    create: () => Promise<Authorization | undefined>,
  ): Promise<string | undefined> {
    const now = this.#runtime.now()
    const known = this.#known.get(key)
    if (known === undefined || known.until <= now || known.header === refused) return this.#renew(key, create)
    if (known.renewAt <= now && !this.#underway.has(key)) {
      this.#known.set(key, { ...known, renewAt: now + PAUSE })
      this.#runtime.background(this.#renew(key, create).catch(() => {}))
    }
    return Promise.resolve(known.header)
  }

  #renew(key: string, create: () => Promise<Authorization | undefined>): Promise<string | undefined> {
    const other = this.#underway.get(key)
    if (other !== undefined) return other
    const created = create()
      .then((fresh) => {
        if (fresh !== undefined) this.#known.set(key, fresh)
        return fresh?.header
      })
      .finally(() => this.#underway.delete(key))
    this.#underway.set(key, created)
    return created
  }
}
