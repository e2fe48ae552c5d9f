import type { Digest } from '../oci/digest.ts'
import type { Runtime } from '../runtime.ts'
import type { Asker } from './ask.ts'
import { entityTagOf, fetchManifest, fetchUnlessKnown, resolveManifest } from './manifest.ts'
import type { RegistryQuestion } from './question.ts'
import type { ResolvedManifest, ResolveOptions } from './reader.ts'

/** What the first answers of a registry say of how tags are best asked for. */
interface Habits {
  /** It counts every GET of a manifest as a pull, of which there are so many ("Docker Hub usage and limits", `RateLimit-Limit`). */
  readonly isCounting: boolean
  /** Its manifests have entity tags, so that it may say by 304 that one is still the same. */
  hasEntityTags: boolean
}

/**
 * Looks up tags by one request each, where `HEAD` and then `GET` would be two: by `GET` what was not seen before; by a
 * conditional one what was, where the registry has entity tags; and by `HEAD` where every `GET` counts as a pull.
 */
export class TagLookup {
  readonly #asker: Asker
  readonly #runtime: Pick<Runtime, 'createHash'>
  #habits: Habits | undefined
  #learning: Promise<unknown> | undefined

  constructor(asker: Asker, runtime: Pick<Runtime, 'createHash'>) {
    this.#asker = asker
    this.#runtime = runtime
  }

  async resolve(
    question: RegistryQuestion,
    { known }: ResolveOptions,
  ): Promise<ResolvedManifest | undefined> {
    // Where the tag was known, `HEAD` is as good; else it is worth to wait for what the first answer says.
    if (known === undefined && this.#learning !== undefined) await this.#learning
    const habits = this.#habits
    if (habits === undefined) {
      const asking = this.#head(question)
      this.#learning ??= asking
        .catch(() => {})
        .finally(() => {
          this.#learning = undefined
        })
      return asking
    }
    if (habits.isCounting) return this.#head(question)
    if (known === undefined) {
      const manifest = await fetchManifest(this.#asker, question, undefined, this.#runtime)
      return manifest && { digest: manifest.digest, manifest }
    }
    if (!habits.hasEntityTags) return this.#head(question)
    const resolved = await fetchUnlessKnown(this.#asker, question, known, this.#runtime)
    // It says what its entity tags are, and heeds none.
    if (resolved?.manifest !== undefined && resolved.digest === known) habits.hasEntityTags = false
    return resolved
  }

  #head(question: RegistryQuestion): Promise<ResolvedManifest | undefined> {
    return resolveManifest(this.#asker, question, this.#runtime, (headers, digest) =>
      this.#learn(headers, digest),
    )
  }

  #learn(headers: Headers, digest: Digest): void {
    this.#habits ??= {
      isCounting: headers.has('RateLimit-Limit'),
      hasEntityTags: headers.get('ETag') === entityTagOf(digest),
    }
  }
}
