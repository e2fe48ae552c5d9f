import type { Clock, Fetch } from '../runtime.ts'
import { failedHard } from './evidence.ts'
import type { OwnershipFault } from './ownership.ts'
import { checkOwnership, type OwnershipFinding } from './ownership-check.ts'
import type { OwnershipKey } from './ownership-key.ts'
import type { Evidence } from './state.ts'

/** By what stores are told from a stranger's; another one is another object. */
export interface OwnershipPolicy {
  readonly publicKey: OwnershipKey
  /** How old a proof may be, in milliseconds. */
  readonly maxAge: number
}

/** A store that has to prove whose it is. */
export interface OwnedStore {
  readonly id: string
  readonly url: string
  /** The id that its proof must name. */
  readonly proof: string
}

/** How a store's proof stands. */
export interface OwnershipStatus {
  /** `unchecked` also while the store does not say whether it has a proof, if it has not shown one before. */
  readonly status: 'unchecked' | 'proven' | 'refused'
  /** When a proof that holds was signed, and when it is too old, in milliseconds since 1970. */
  readonly issued?: number
  readonly expires?: number
  readonly because?: OwnershipFault | 'missing'
  readonly why?: string
}

/** Demands proofs of ownership, and remembers them for a few minutes. */
export interface OwnershipGuard {
  /** What speaks against sending clients to a store; `undefined` when its proof holds. Never rejects. */
  examine(store: OwnedStore): Promise<Evidence | undefined>
  status(id: string): OwnershipStatus
  /** Looks at every proof anew when next asked; one that held by another policy counts for nothing. */
  use(policy: OwnershipPolicy | undefined, ids: readonly string[]): void
}

export interface OwnershipGuardOptions {
  readonly fetch: () => Fetch
  readonly clock: Clock
  /** From 0 up to 1. */
  readonly random: () => number
  /** Told when a proof begins to hold, and when it does not or does so for another reason. */
  readonly onChange: (id: string, status: OwnershipStatus) => void
}

/** A proof that held is fetched again after this long, in milliseconds, a fifth less or more. */
const RECHECK = 300_000
const JITTER = 0.2

const UNCHECKED: OwnershipStatus = { status: 'unchecked' }

interface Entry {
  readonly status: OwnershipStatus
  /** By the clock, in milliseconds. */
  readonly recheckAt: number
}

export function createOwnershipGuard({
  fetch,
  clock,
  random,
  onChange,
}: OwnershipGuardOptions): OwnershipGuard {
  let entries = new Map<string, Entry>()
  let policy: OwnershipPolicy | undefined

  function take(id: string, finding: Exclude<OwnershipFinding, { kind: 'unreached' }>, maxAge: number): void {
    const before = entries.get(id)?.status
    const status: OwnershipStatus =
      finding.kind === 'proven'
        ? { status: 'proven', issued: finding.issued, expires: finding.issued + maxAge }
        : { status: 'refused', because: finding.because, why: finding.why }
    const wait = finding.kind === 'proven' ? RECHECK * (1 - JITTER + 2 * JITTER * random()) : 0
    entries.set(id, { status, recheckAt: clock.now() + wait })
    if (before?.status !== status.status || before.because !== status.because) onChange(id, status)
  }

  return {
    async examine({ id, url, proof }) {
      const demand = policy
      if (demand === undefined) return undefined
      const now = clock.date().getTime()
      const { status, recheckAt } = entries.get(id) ?? { status: UNCHECKED, recheckAt: 0 }
      const holds = status.status === 'proven' && now <= status.expires!
      if (holds && clock.now() < recheckAt) return undefined
      const finding = await checkOwnership(url, { ...demand, store: proof, now }, fetch())
      // A reload in the meantime asks by other rules; the next probe goes by them.
      if (policy !== demand) return NOT_ASKED
      if (finding.kind === 'unreached') return finding.evidence
      take(id, finding, demand.maxAge)
      return finding.kind === 'proven' ? undefined : failedHard(`no proof of ownership: ${finding.why}`)
    },
    status: (id) => entries.get(id)?.status ?? UNCHECKED,
    use(next, ids) {
      const kept = new Map<string, Entry>()
      for (const id of policy === next ? ids : []) {
        const entry = entries.get(id)
        if (entry !== undefined) kept.set(id, { ...entry, recheckAt: 0 })
      }
      entries = kept
      policy = next
    },
  }
}

const NOT_ASKED: Evidence = { kind: 'failed', hard: false, why: 'its proof of ownership is asked for anew' }
