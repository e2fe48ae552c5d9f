import { PortolanError } from '../errors.ts'
import { Semaphore } from '../internal/semaphore.ts'
import type { Digest } from '../oci/digest.ts'
import type { Name } from '../oci/name.ts'
import type { Registry } from '../registry/reader.ts'
import { blobStream } from '../replication/images/blob-stream.ts'
import { type CopyTally, emptyTally } from '../replication/images/copy-report.ts'
import type { CopyTarget } from '../replication/images/copy-target.ts'
import { orFault } from '../replication/manifest-reader.ts'
import type { Runtime } from '../runtime.ts'
import type { AssumedContent, BundleContent } from './form.ts'
import type { ImportPlan } from './import-plan.ts'

/** Where an import writes to, and what it asks there; it asks nobody else. */
export interface ImportTarget {
  readonly target: CopyTarget
  readonly reader: Pick<Registry, 'repository'>
}

/** Uploads that another process has begun, by repository and digest. */
export interface UploadSessions {
  get(upload: string): string | undefined
  save(upload: string, session: string): Promise<void>
  forget(upload: string): Promise<void>
}

export interface WorkOptions {
  readonly signal?: AbortSignal
  /** Where an import before this one has left its uploads, and this one notes its own. */
  readonly sessions?: UploadSessions
}

const QUESTIONS_AT_ONCE = 16
/** What is smaller is sent again sooner than anybody has noted where it broke off. */
const NOTED_BYTES = 1024 * 1024

/** Brings blobs of a bundle into all repositories of a target that are to have them, and notes what cannot be had. */
export class ImportWork {
  readonly plan: ImportPlan
  readonly at: ImportTarget
  readonly tally: CopyTally = emptyTally()
  readonly places: Semaphore = new Semaphore(QUESTIONS_AT_ONCE)
  readonly signal: AbortSignal | undefined
  readonly #runtime: Pick<Runtime, 'createHash'>
  readonly #sessions: UploadSessions | undefined
  /** By repository and digest: why it is not there. */
  readonly #failures = new Map<string, string>()
  readonly #lost = new Map<Digest, readonly Name[]>()

  constructor(
    runtime: Pick<Runtime, 'createHash'>,
    plan: ImportPlan,
    at: ImportTarget,
    { signal, sessions }: WorkOptions,
  ) {
    this.#runtime = runtime
    this.plan = plan
    this.at = at
    this.signal = signal
    this.#sessions = sessions
  }

  /** What the bundle counts on and the target has not, each with the repositories that lack it. */
  get lost(): ReadonlyMap<Digest, readonly Name[]> {
    return this.#lost
  }

  failureOf(name: Name, digest: Digest): string | undefined {
    return this.#failures.get(`${name}@${digest}`)
  }

  fail(name: Name, digest: Digest, why: string): void {
    this.#failures.set(`${name}@${digest}`, why)
  }

  /** Whether content is at the target, in every repository that is to have it. */
  isThere({ digest, repositories }: Pick<BundleContent, 'digest' | 'repositories'>): boolean {
    return !this.plan.namesOf(repositories).some((name) => this.failureOf(name, digest) !== undefined)
  }

  /** Rejects where nobody is at the target: each question to it would be asked again and again. */
  async greet(): Promise<void> {
    const [image] = this.plan.images
    if (image === undefined) return
    const answer = await orFault(() =>
      this.at.target.repository(image.to.name).hasManifest(image.image.digest),
    )
    if (answer instanceof PortolanError && answer.code === 'UNREACHABLE') throw answer
  }

  /** Looks whether the target has what the bundle leaves out; another repository that has a blob lends it. */
  async checkAssumed(): Promise<void> {
    await this.places.map(this.plan.index.assumed, async (content) => {
      this.signal?.throwIfAborted()
      const names = this.plan.namesOf(content.repositories)
      const lacking: Name[] = []
      for (const name of names) {
        const has = await this.#has(name, content.digest)
        if (has instanceof PortolanError) this.fail(name, content.digest, has.message)
        else if (!has) lacking.push(name)
      }
      const lost = lacking.length === 0 ? [] : await this.#lend(content, names, lacking)
      for (const name of lost)
        this.fail(name, content.digest, `${content.digest} is not in it, though the bundle counts on that`)
      if (lost.length > 0) this.#lost.set(content.digest, lost)
    })
  }

  #has(name: Name, digest: Digest): Promise<boolean | PortolanError> {
    const repository = this.at.target.repository(name)
    return orFault(async () => (await repository.hasBlob(digest)) || repository.hasManifest(digest))
  }

  /** Brings a blob from where else the target has it; gives the repositories that still lack it. */
  async #lend(
    { digest, size }: AssumedContent,
    wanted: readonly Name[],
    lacking: readonly Name[],
  ): Promise<readonly Name[]> {
    const { images, lenders = [] } = this.plan.index
    const others = this.plan.namesOf([...images.map(({ name }) => name), ...lenders])
    for (const name of new Set([...wanted.filter((each) => !lacking.includes(each)), ...others])) {
      if (lacking.includes(name)) continue
      // One that may not be looked into lends nothing.
      if ((await orFault(() => this.at.target.repository(name).hasBlob(digest))) !== true) continue
      const source = this.at.reader.repository(name)
      const read = (start: number) => blobStream(source, { digest, size }, start, this.#lent())
      for (const each of lacking) await this.#put({ digest, size }, each, name, read)
      return lacking.filter((each) => this.failureOf(each, digest) !== undefined)
    }
    return lacking
  }

  /** The repositories of the target that lack a blob, and one that has it. */
  async look({ digest, repositories }: BundleContent): Promise<{ lacking: readonly Name[]; from?: Name }> {
    this.signal?.throwIfAborted()
    const names = this.plan.namesOf(repositories)
    const answers = await Promise.all(
      names.map((name) =>
        orFault(() => this.places.run(() => this.at.target.repository(name).hasBlob(digest))),
      ),
    )
    // Not in the order of the answers: another import goes on with the upload to the first of them.
    const lacking: Name[] = []
    let from: Name | undefined
    for (const [index, name] of names.entries()) {
      const has = answers[index]
      if (has instanceof PortolanError) this.fail(name, digest, has.message)
      else if (!has) lacking.push(name)
      else {
        from ??= name
        this.tally.there++
        // The answer to its last byte may be what an import before this one did not live to see.
        await this.#sessions?.forget(`${name}@${digest}`)
      }
    }
    return { lacking, ...(from !== undefined && { from }) }
  }

  /** Sends a blob to the first repository that lacks it; the others mount it from there. */
  async bring(
    content: Pick<BundleContent, 'digest' | 'size'>,
    { lacking, from }: { readonly lacking: readonly Name[]; readonly from?: Name },
    read: (start: number) => ReadableStream<Uint8Array>,
  ): Promise<void> {
    let has = from
    for (const name of lacking) {
      await this.#put(content, name, has, read)
      if (this.failureOf(name, content.digest) === undefined) has ??= name
    }
  }

  async #put(
    { digest, size }: Pick<BundleContent, 'digest' | 'size'>,
    name: Name,
    from: Name | undefined,
    read: (start: number) => ReadableStream<Uint8Array>,
  ): Promise<void> {
    const { signal } = this
    const sessions = size >= NOTED_BYTES ? this.#sessions : undefined
    const upload = `${name}@${digest}`
    const put = await orFault(() =>
      this.at.target.repository(name).putBlob(
        { digest, size, read },
        {
          ...{ from, session: sessions?.get(upload) },
          ...(sessions && { save: (session) => sessions.save(upload, session) }),
          ...(signal && { signal }),
        },
      ),
    )
    // One that the registry may still have is gone on with another time.
    if (!(put instanceof PortolanError && put.code === 'UNREACHABLE')) await sessions?.forget(upload)
    if (put instanceof PortolanError) {
      this.fail(name, digest, put.message)
      return
    }
    this.tally[put.how]++
    this.tally.bytes += put.sent
  }

  #lent() {
    return { ...this.#runtime, ...(this.signal && { signal: this.signal }) }
  }
}
