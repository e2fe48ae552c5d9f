import { PortolanError } from '../../errors.ts'
import { Semaphore } from '../../internal/semaphore.ts'
import { untilAborted } from '../../internal/until-aborted.ts'
import type { Name } from '../../oci/name.ts'
import { knowsAll } from '../audit-basis.ts'
import type { AuditFindings } from '../audit-findings.ts'
import type { AuditEvent, AuditOptions } from '../audit-options.ts'
import type { RegistryAudit } from '../audit-report.ts'
import { assuranceOf, chooseSample } from '../choose-sample.ts'
import type { ExpectedObject } from '../content-keys.ts'
import { blobStream } from '../images/blob-stream.ts'
import type { Reachable } from '../reachable.ts'
import type { FilledRegistry } from './filled-registry.ts'
import { listTags, otherTags } from './list-tags.ts'
import { type WantedContent, wantedContents } from './repository-work.ts'

/** A blob or manifest that one repository should have. */
interface ExpectedContent extends ExpectedObject {
  readonly name: Name
}

const QUESTIONS_AT_ONCE = 16
const READS_AT_ONCE = 4
/** A registry that would not say so often is asked no more: each time has cost all its retries. */
const REFUSALS_MAX = 5
/** Other tags that a note names. */
const OTHERS_NAMED = 5

/**
 * Proves of a registry that is filled that each chosen tag stands for what it stands for at the upstream, that all it leads
 * to is there in its size, and of a sample that it is what its digest says. What the registry would not say is `unreadable`,
 * and so is what it was not asked after that.
 */
export class RegistryAuditor {
  readonly #registry: FilledRegistry
  readonly #reachable: Reachable
  readonly #findings: AuditFindings
  readonly #options: AuditOptions
  readonly #signal: AbortSignal
  readonly #notes: string[] = []
  #refusals = 0
  #skipped = 0

  constructor(
    registry: FilledRegistry,
    reachable: Reachable,
    findings: AuditFindings,
    options: AuditOptions,
  ) {
    this.#registry = registry
    this.#reachable = reachable
    this.#findings = findings
    this.#options = options
    this.#signal = options.signal ?? new AbortController().signal
  }

  async audit(): Promise<RegistryAudit> {
    const repositories = wantedContents(this.#reachable)
    const expected = repositories.flatMap((wanted) => this.#expectedOf(wanted))
    if (expected.length === 0) {
      this.#findings.add(
        'unreadable',
        'there is nothing to compare it with: the upstream does not say what it should hold',
      )
    }
    await this.#auditTags(repositories)
    const there = await this.#find(expected)
    const reading = await this.#read(there)
    if (this.#skipped > 0) {
      const message = `after ${this.#refusals} refusals, ${this.#skipped} more questions were not asked`
      this.#findings.add('unreadable', message)
    }
    return {
      ...{ store: this.#registry.id, location: this.#registry.writer.location },
      ...{ findings: this.#findings.sorted(), notes: this.#notes },
      ...{ tags: repositories.reduce((sum, { tags }) => sum + tags.length, 0), expected: expected.length },
      ...{ held: there.length, ...reading },
    }
  }

  #expectedOf({ name, manifests, blobs }: WantedContent): ExpectedContent[] {
    return [
      ...manifests.map(({ digest, size, mediaType }) => ({
        name,
        key: `${name}@${digest}`,
        digest,
        size,
        mediaType,
      })),
      ...[...blobs].map((digest) => {
        const { size } = this.#reachable.blobs.get(digest)!
        return { name, key: `${name}@${digest}`, digest, ...(size !== undefined && { size }) }
      }),
    ]
  }

  async #auditTags(repositories: readonly WantedContent[]): Promise<void> {
    const others: string[] = []
    const places = new Semaphore(QUESTIONS_AT_ONCE)
    const images = repositories.flatMap(({ tags }) => tags)
    await places.map(images, async ({ name, tag, digest }) => {
      const object = { key: `${name}:${tag}`, digest }
      const found = await this.#ask(object, () => this.#registry.reader.repository(name).resolve(tag))
      if (found === REFUSED || found?.digest === digest) return
      if (found === undefined) this.#findings.add('missing', `${object.key} is not there`, object)
      else this.#findings.add('moved', `${object.key} stands for ${found.digest}; expected ${digest}`, object)
    })
    // What could not be read at the upstream would look like a tag that it has no more.
    if (!knowsAll(this.#reachable)) return
    await places.map(repositories, async ({ name, tags }) => {
      const listed = await this.#ask({ key: name }, () => listTags(this.#registry.reader.repository(name)))
      if (listed === REFUSED) return
      const chosen = new Set(tags.map(({ tag }) => tag))
      others.push(...otherTags(listed, chosen).map((tag) => `${name}:${tag}`))
    })
    if (others.length === 0) return
    const more = others.length > OTHERS_NAMED ? ` and ${others.length - OTHERS_NAMED} more` : ''
    this.#notes.push(`has tags beside the chosen ones: ${others.slice(0, OTHERS_NAMED).join(', ')}${more}`)
  }

  /** Those that are there, in their size. */
  async #find(expected: readonly ExpectedContent[]): Promise<readonly ExpectedContent[]> {
    let done = 0
    const found = await new Semaphore(QUESTIONS_AT_ONCE).map(expected, async (object) => {
      const { name, digest, size, mediaType, key } = object
      const isThere = await this.#ask(object, async () => {
        if (mediaType !== undefined) return this.#registry.writer.repository(name).hasManifest(digest)
        const info = await this.#registry.reader.repository(name).stat(digest)
        if (info?.size === undefined || size === undefined || info.size === size) return info !== undefined
        this.#findings.add('size', `${key} has ${info.size} bytes; expected ${size}`, object)
        return undefined
      })
      this.#report('listing', ++done, expected.length)
      if (isThere === false) this.#findings.add('missing', `${key} is not there`, object)
      return isThere === true
    })
    return expected.filter((_, index) => found[index])
  }

  /** Reads a sample, and compares it with its digests. */
  async #read(there: readonly ExpectedContent[]) {
    const { runtime, content, announce = () => {} } = this.#options
    const sample = chooseSample(there, content, runtime)
    const bytes = sample.reduce((sum, { size = 0 }) => sum + size, 0)
    announce(
      `registry ${this.#registry.id}: ${sample.length} of its contents are read (${bytes.toLocaleString('en')} bytes)`,
    )
    const before = this.#findings.count
    let read = 0
    let readBytes = 0
    await new Semaphore(READS_AT_ONCE).map(sample, async (object) => {
      const size = await this.#ask(object, () => this.#readOne(object))
      if (size === REFUSED) return
      readBytes += size
      this.#report('content', ++read, sample.length)
    })
    const isRight = this.#findings.count === before
    const assurance = isRight ? assuranceOf(there.length, sample.length, content) : undefined
    return { read, readBytes, ...(assurance && { assurance }) }
  }

  async #readOne(object: ExpectedContent): Promise<number> {
    const { name, digest, mediaType, key } = object
    const reader = this.#registry.reader.repository(name)
    try {
      if (mediaType !== undefined) {
        const manifest = await reader.manifest(digest)
        if (manifest === undefined)
          this.#findings.add('missing', `${key} is there, but cannot be had`, object)
        else if (manifest.mediaType !== mediaType) {
          this.#findings.add(
            'contentType',
            `${key} is served as ${manifest.mediaType}; expected ${mediaType}`,
            object,
          )
        }
        return manifest?.bytes.length ?? 0
      }
      const size = object.size ?? (await reader.stat(digest))?.size ?? 0
      let length = 0
      for await (const piece of blobStream(reader, { digest, size }, 0, {
        ...this.#options.runtime,
        signal: this.#signal,
      })) {
        length += piece.length
      }
      return length
    } catch (error) {
      if (!(error instanceof PortolanError) || error.code !== 'CONTENT_INVALID') throw error
      this.#findings.add('altered', `${key}: ${error.message}`, object)
      return 0
    }
  }

  /** What a question gives, or {@link REFUSED}, with a finding, where the registry does not say. */
  async #ask<T>(
    object: { readonly key: string } & Partial<Pick<ExpectedObject, 'digest'>>,
    question: () => Promise<T>,
  ): Promise<T | typeof REFUSED> {
    this.#signal.throwIfAborted()
    if (this.#refusals >= REFUSALS_MAX) {
      this.#skipped++
      return REFUSED
    }
    try {
      return await untilAborted(this.#signal, question())
    } catch (error) {
      if (!(error instanceof PortolanError)) throw error
      this.#refusals++
      const { key, digest } = object
      this.#findings.add('unreadable', `${key}: ${error.message}`, digest && { key, digest })
      return REFUSED
    }
  }

  #report(step: AuditEvent['step'], done: number, total: number): void {
    this.#options.report?.({ store: this.#registry.id, step, done, total })
  }
}

/** Nobody said. */
const REFUSED = Symbol('refused')
