import { PortolanError } from '../errors.ts'
import type { Fetch } from '../runtime.ts'
import { type AuditBasis, basisOf, knowsAll } from './audit-basis.ts'
import { auditContent } from './audit-content.ts'
import type { AuditFindings } from './audit-findings.ts'
import { auditInventory, auditListing, auditStaleness, findOrphans, findUnexpected } from './audit-listing.ts'
import type { AuditEvent, AuditOptions } from './audit-options.ts'
import { auditOwnership, auditServedInventory } from './audit-ownership.ts'
import { auditPublic, type ClientSample } from './audit-public.ts'
import type { StoreAudit } from './audit-report.ts'
import { assuranceOf, chooseSample } from './choose-sample.ts'
import type { ExpectedObject } from './content-keys.ts'
import { countRequests } from './counted-store.ts'
import { type ListedContent, listContent } from './list-content.ts'
import type { Reachable } from './reachable.ts'
import { type FoundInventory, readStoreInventory } from './store-inventory.ts'
import type { Target } from './target.ts'

const PUBLIC_COUNT = 4

/** The audit of one store, step by step. */
export class StoreAuditor {
  readonly #target: Target
  readonly #reachable: Reachable
  readonly #findings: AuditFindings
  readonly #options: AuditOptions
  readonly #signal: AbortSignal
  readonly #requests: () => number
  readonly #fetch: Fetch
  #clientRequests = 0
  readonly #notes: string[] = []

  constructor(target: Target, reachable: Reachable, findings: AuditFindings, options: AuditOptions) {
    const { objects, requests } = countRequests(target.objects)
    this.#target = { ...target, objects }
    this.#requests = requests
    this.#reachable = reachable
    this.#findings = findings
    this.#options = options
    this.#fetch = (url, init) => {
      this.#clientRequests++
      return options.runtime.fetch(url, init)
    }
    this.#signal = options.signal ?? new AbortController().signal
  }

  async audit(): Promise<StoreAudit> {
    this.#signal.throwIfAborted()
    // The inventory first: what it says must be so at any moment after.
    const found = await this.#attempt('inventory', () =>
      readStoreInventory(this.#target, this.#options.runtime),
    )
    await this.#auditProof(found)
    const basis = basisOf(this.#target, this.#reachable, found?.value?.inventory)
    const listed = await this.#attempt('listing', () =>
      listContent(this.#target, basis.expected, (done) => this.#report('listing', done), this.#signal),
    )
    const held = listed && this.#compare(basis, listed.value, found)
    const unexpected =
      listed === undefined ? [] : findUnexpected(this.#target, basis.expected, listed.value.listing)
    // A store that lets nobody list it may still give what it holds.
    const candidates = held ?? [...basis.expected.values()]
    const downloaded = await this.#download(candidates, unexpected, listed?.value)
    // What an unreadable image leads to looks like an orphan, and so does all of it where a registry lists nothing.
    const orphans =
      knowsAll(this.#reachable) && listed && found
        ? findOrphans(this.#target, basis.expected, listed.value.listing, found.value?.inventory)
        : undefined
    if (basis.kind === 'nothing') {
      this.#findings.add(
        'unreadable',
        'there is nothing to compare it with: neither upstream nor inventory says what it should hold',
      )
    }
    return {
      ...{ store: this.#target.id, location: this.#target.objects.location, basis: basis.kind },
      ...{ findings: this.#findings.sorted(), notes: this.#notes },
      ...(orphans && { orphans }),
      ...(listed?.value.strangers && { strangers: listed.value.strangers }),
      expected: basis.expected.size,
      ...(held && { held: held.length }),
      ...downloaded,
    }
  }

  async #auditProof(read: Read<FoundInventory | undefined> | undefined): Promise<void> {
    const found = read?.value
    const { ownership: policy, excused } = this.#options
    const runtime = { ...this.#options.runtime, fetch: this.#fetch }
    const note = (message: string) => this.#notes.push(message)
    if (policy === undefined) note('whose it is was not asked: the config has no ownership.publicKey')
    else if (!excused?.has(this.#target.id)) {
      const parts = { policy, runtime, findings: this.#findings, note }
      // What cannot be used is as good as absent; what was not read may be there.
      const isUnread = read === undefined && this.#findings.holds('unreadable')
      await auditOwnership(this.#target, found?.pointer ?? (isUnread ? 'unread' : 'absent'), parts)
    }
    if (found !== undefined) {
      await auditServedInventory(this.#target, found, runtime, this.#findings, this.#signal)
    }
  }

  #compare(
    { expected }: AuditBasis,
    { listing }: ListedContent,
    found: Read<FoundInventory | undefined> | undefined,
  ): readonly ExpectedObject[] {
    const inventory = found?.value?.inventory
    const mislisted = inventory && auditInventory(this.#target, inventory, listing, this.#findings)
    const held = auditListing(expected, listing, mislisted ?? new Set(), this.#findings)
    if (found !== undefined) auditStaleness(inventory, held, this.#findings)
    return held
  }

  /** Reads a sample with credentials, and fetches it as clients do; what nothing leads to is read alone. */
  async #download(
    candidates: readonly ExpectedObject[],
    unexpected: readonly ExpectedObject[],
    listed: ListedContent | undefined,
  ) {
    const { runtime, content } = this.#options
    const sample = chooseSample([...candidates, ...unexpected], content, runtime)
    const clients = this.#clientSample(candidates, new Set(unexpected), sample)
    this.#announce(sample, clients)
    const before = this.#findings.count
    const reading = await auditContent(this.#target, sample, {
      ...{ listing: listed?.listing, runtime, findings: this.#findings, signal: this.#signal },
      progress: (done) => this.#report('content', done, sample.length),
    })
    const total = clients.closely.length + clients.once.length
    const { fetched, bytes } = await auditPublic(
      ...([this.#target, clients, this.#fetch, this.#findings] as const),
      (done) => {
        this.#signal.throwIfAborted()
        this.#report('public', done, total)
      },
    )
    const isRight = this.#findings.count === before
    const assurance = isRight
      ? assuranceOf(candidates.length + unexpected.length, sample.length, content)
      : undefined
    return {
      ...reading,
      ...{ fetched, fetchedBytes: bytes },
      requests: { store: this.#requests(), clients: this.#clientRequests },
      ...(assurance && { assurance }),
    }
  }

  #clientSample(
    candidates: readonly ExpectedObject[],
    unexpected: ReadonlySet<ExpectedObject>,
    sample: readonly ExpectedObject[],
  ): ClientSample {
    const { runtime, publicCount: count = PUBLIC_COUNT } = this.#options
    const blobs = candidates.filter(({ size, mediaType }) => size !== undefined && mediaType === undefined)
    const manifests = candidates.filter(({ mediaType }) => mediaType !== undefined)
    const closely = [blobs, manifests].flatMap((some) => chooseSample(some, { count }, runtime))
    const taken = new Set(closely)
    const once = sample.filter(
      (object) => object.size !== undefined && !taken.has(object) && !unexpected.has(object),
    )
    return { closely, once }
  }

  #announce(sample: readonly ExpectedObject[], { closely, once }: ClientSample): void {
    const bytes = sample.reduce((sum, { size = 0 }) => sum + size, 0)
    this.#options.announce?.(
      `store ${this.#target.id}: ${sample.length} objects are read (${bytes.toLocaleString('en')} bytes), and ${closely.length + once.length} fetched as clients do`,
    )
  }

  #report(step: AuditEvent['step'], done: number, total?: number): void {
    const { report = () => {} } = this.#options
    report({ store: this.#target.id, step, done, ...(total !== undefined && { total }) })
  }

  /** What an action gives; nothing, and a finding, when the store refuses it. */
  async #attempt<T>(what: string, action: () => Promise<T>): Promise<Read<T> | undefined> {
    try {
      return { value: await action() }
    } catch (error) {
      if (!(error instanceof PortolanError)) throw error
      // What cannot be used was read, and says nothing of what is there.
      const kind = error.code === 'CONTENT_INVALID' ? 'stale' : 'unreadable'
      this.#findings.add(kind, `${what}: ${error.message}`)
      return undefined
    }
  }
}

interface Read<T> {
  readonly value: T
}
