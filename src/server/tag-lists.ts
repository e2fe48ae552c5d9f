import { Semaphore } from '../internal/semaphore.ts'
import { within } from '../internal/within.ts'
import type { Name, Tag } from '../oci/name.ts'
import { compareTags } from '../oci/tag-order.ts'
import { openHttpRegistry } from '../registry/http-registry.ts'
import type { Upstream } from '../routing/backend.ts'
import type { Runtime } from '../runtime.ts'

/** How long a client waits for a list, in milliseconds; then it is sent to the upstream, as for anything else. */
const WAIT = 5_000
/** How long a list may take altogether, in milliseconds: the next client finds it there. */
const TIMEOUT = 30_000
/** How long a list counts, and that there is none, in milliseconds: its pages are asked for one after the other. */
const TTL = 30_000
/** A longer list is the upstream's own to give. */
const TAGS_MAX = 50_000
/** What all lists together may hold: some 30 MB. */
const TOTAL_MAX = 200_000
/** How many lists are remembered, those that cannot be had among them. */
const LISTS_MAX = 1_000
/** A page of Google's may have 64 MiB. */
const RUNNING_MAX = 4
const WAITING_MAX = 64
const LIMITS = { concurrency: RUNNING_MAX, requestsPerSecond: 100 }

interface Remembered {
  readonly tags: Promise<readonly Tag[] | undefined>
  /** The same once it is there; absent until then, and where there are none. */
  found?: readonly Tag[]
  readonly until: number
}

/**
 * The lists of tags of upstreams that are elsewhere, for the door to answer itself: the next page of a list is not at the
 * host that a client asked, and clients do not follow it there (crane: "pagination URL host does not match"); and some
 * registries give the first page for ever, whatever the query says.
 */
export class TagLists {
  readonly #runtime: Runtime
  readonly #places = new Semaphore(RUNNING_MAX)
  #underWay = 0
  readonly #lists = new Map<string, Remembered>()
  #total = 0

  constructor(runtime: Runtime) {
    this.#runtime = runtime
  }

  /**
   * All tags of a repository in the order of lists, at most {@link TTL} old; `undefined` where there are none, or they
   * cannot be had here. Never rejects.
   */
  async list(upstream: Upstream, name: Name): Promise<readonly Tag[] | undefined> {
    const { url, prefix } = upstream
    if (url === undefined) return undefined
    const key = keyOf(url, prefix, name)
    const known = this.#known(key)
    if (known !== undefined) return this.#wait(known)
    if (this.#underWay >= RUNNING_MAX + WAITING_MAX) return undefined
    this.#forget(key)
    const begun: Remembered = {
      tags: this.#inTurn(() => this.#fetch(url, prefix, name)),
      until: this.#runtime.now() + TTL,
    }
    this.#lists.set(key, begun)
    const noted = begun.tags.then((tags) => this.#note(key, begun, tags))
    this.#runtime.background(noted)
    return this.#wait(begun)
  }

  /** What is remembered of a list now, asking nobody; `undefined` where nothing is, or there is no list to be had. */
  async remembered({ url, prefix }: Upstream, name: Name): Promise<readonly Tag[] | undefined> {
    return url === undefined ? undefined : this.#known(keyOf(url, prefix, name))?.found
  }

  #known(key: string): Remembered | undefined {
    const known = this.#lists.get(key)
    return known !== undefined && this.#runtime.now() < known.until ? known : undefined
  }

  #wait({ tags }: Remembered): Promise<readonly Tag[] | undefined> {
    return within(this.#runtime, WAIT, tags, undefined)
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    this.#underWay++
    try {
      return await this.#places.run(work)
    } finally {
      this.#underWay--
    }
  }

  /** Never rejects. */
  async #fetch(url: string, prefix: string, name: Name): Promise<readonly Tag[] | undefined> {
    const late = new AbortController()
    const cancel = this.#runtime.after(TIMEOUT, () => late.abort(new Error('it took too long')))
    const credentials = async () => undefined
    const options = { url, prefix, credentials, limits: LIMITS, attempts: 1, signal: late.signal }
    try {
      const tags: Tag[] = []
      for await (const tag of openHttpRegistry(this.#runtime, options).repository(name).tags()) {
        if (tags.push(tag) > TAGS_MAX) return undefined
      }
      return tags.length === 0 ? undefined : tags.sort(compareTags)
    } catch {
      return undefined
    } finally {
      cancel()
    }
  }

  #note(key: string, list: Remembered, found: readonly Tag[] | undefined): void {
    if (this.#lists.get(key) !== list) return
    if (found !== undefined) {
      list.found = found
      this.#total += found.length
    }
    // The oldest go first; the newest is in use.
    for (const other of this.#lists.keys()) {
      if (this.#total <= TOTAL_MAX && this.#lists.size <= LISTS_MAX) return
      if (other !== key) this.#forget(other)
    }
  }

  #forget(key: string): void {
    this.#total -= this.#lists.get(key)?.found?.length ?? 0
    this.#lists.delete(key)
  }
}

function keyOf(url: string, prefix: string, name: Name): string {
  return `${url} ${prefix} ${name}`
}
