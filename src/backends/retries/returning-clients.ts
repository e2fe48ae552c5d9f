import type { Address } from '../../net/address.ts'
import type { OciRequest } from '../../oci/path.ts'
import type { Notice } from '../../routing/route.ts'
import type { Runtime } from '../../runtime.ts'
import type { LiveBackend } from '../live-backend.ts'
import type { RequestedRange } from './attempt.ts'
import { createDeliveryChecks } from './delivery-checks.ts'
import { createRetryDetector, type RetryStatus } from './detector.ts'

type BlobRequest = OciRequest & { kind: 'blob' }

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

  constructor(runtime: Pick<Runtime, 'now' | 'random' | 'log' | 'background'>) {
    this.#runtime = runtime
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
    const attempt = { address, store: live.id, repository, digest, start, open, bytes }
    const { to, reason } = this.#detector.note(attempt)
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
    this.#detector.noteManifest(address, name, reference)
  }

  /** Forgets all stores but these. */
  keep(stores: readonly LiveBackend[]): void {
    const ids = new Set(stores.map(({ id }) => id))
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
