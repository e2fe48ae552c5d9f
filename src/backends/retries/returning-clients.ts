import type { Address } from '../../net/address.ts'
import type { Digest } from '../../oci/digest.ts'
import type { OciRequest } from '../../oci/path.ts'
import type { Notice } from '../../routing/route.ts'
import type { Runtime } from '../../runtime.ts'
import type { LiveBackend } from '../live-backend.ts'
import { type Attempt, type RequestedRange, tailOf } from './attempt.ts'
import { type AttemptBatch, readAttempts } from './attempt-records.ts'
import { createDeliveryChecks } from './delivery-checks.ts'
import { createRetryDetector, isLook, type RetryStatus } from './detector.ts'

type BlobRequest = OciRequest & { kind: 'blob' }

/** Who tells the other processes of this service what clients ask of this one. */
export interface AttemptSink {
  /** `bytes` is what sending it elsewhere costs, where it is sent elsewhere and that is known. */
  blob(attempt: Attempt, bytes: number | undefined): void
  /** By tag or digest. */
  manifest(address: Address, repository: string, reference: string): void
}

/** How often it is looked at whether a store stands out, in milliseconds. */
const LOOK_INTERVAL = 1000

/**
 * Clients that come back for what they were sent to before. One that comes back at once makes us check that blob, and
 * waits for what is found; one that comes back again is sent elsewhere, whatever our checks say; and a store that far more
 * clients come back to than usual loses its traffic. docs/retries.md has the rule.
 */
export class ReturningClients {
  readonly #runtime: Pick<Runtime, 'now' | 'random' | 'log' | 'background'>
  readonly #detector
  readonly #checks
  /** When it was last looked at a store, by id. */
  readonly #lookedAt = new Map<string, number>()
  readonly #sink: AttemptSink | undefined
  #stores: ReadonlySet<string> = new Set()

  constructor(runtime: Pick<Runtime, 'now' | 'random' | 'log' | 'background'>, sink?: AttemptSink) {
    this.#runtime = runtime
    this.#sink = sink
    this.#detector = createRetryDetector(runtime)
    this.#checks = createDeliveryChecks(runtime)
  }

  /** A client is about to be sent to a store for a blob: says what is to become of it otherwise, if anything. */
  noteBlob(
    address: Address,
    live: LiveBackend,
    request: BlobRequest,
    { start, open }: RequestedRange,
  ): Notice | undefined {
    const { name: repository, digest } = request
    const bytes = () => live.listed(request)?.size
    const attempt = { address, store: live.id, repository: tailOf(repository), digest, start, open, bytes }
    const { to, reason } = this.#detector.note(attempt)
    if (!isLook(attempt)) this.#sink?.blob(attempt, to === 'store' ? undefined : bytes())
    if (reason !== 'first' && reason !== 'soon') live.record({ kind: 'retried', reason })
    if (to !== 'store') {
      this.#look(live)
      return { kind: 'move', past: to === 'next' ? 'this' : 'all' }
    }
    const check =
      this.#checks.awaited(address, live) ??
      (reason === 'first' ? undefined : this.#checks.begin(address, live, request))
    return check && { kind: 'wait', until: () => check }
  }

  /** A client was handed a manifest: the same again soon is a pull that began again. */
  noteManifest(address: Address, { name, reference }: OciRequest & { kind: 'manifest' }): void {
    const repository = tailOf(name)
    const tail = tailOf(reference)
    this.#detector.noteManifest(address, repository, tail)
    this.#sink?.manifest(address, repository, tail)
  }

  /** Takes note of what another process of this service was asked; what it says of stores that are none here is left out. */
  replay(batch: AttemptBatch): void {
    for (const record of readAttempts(batch)) {
      if (record.kind === 'blob' && !this.#stores.has(record.attempt.store)) continue
      this.#detector.replay(record)
    }
  }

  /** Takes note that another process of this service has checked whether a store delivers a blob. */
  noteDelivery(live: LiveBackend, digest: Digest, isDelivered: boolean): void {
    this.#checks.note(live, digest, isDelivered)
  }

  /** Forgets all stores but these. */
  keep(stores: readonly LiveBackend[]): void {
    const ids = new Set(stores.map(({ id }) => id))
    this.#stores = ids
    this.#detector.keep(ids)
    for (const id of this.#lookedAt.keys()) if (!ids.has(id)) this.#lookedAt.delete(id)
  }

  status(): RetryStatus {
    return this.#detector.status()
  }

  #look(live: LiveBackend): void {
    const now = this.#runtime.now()
    if (now - (this.#lookedAt.get(live.id) ?? Number.NEGATIVE_INFINITY) < LOOK_INTERVAL) return
    this.#lookedAt.set(live.id, now)
    const outlier = this.#detector.outlier(live.id)
    if (outlier !== undefined) live.record({ kind: 'outlier', outlier })
  }
}
