import type { Address } from '../../net/address.ts'
import type { Digest } from '../../oci/digest.ts'

/** How many characters at the end of a digest tell it from others: these are as random as any. */
export const DIGEST_TAIL = 16
/** How many at the end of a repository's name, or of a reference, do. */
export const TEXT_TAIL = 255

/** As much of a repository's name, or of a reference, as counts: the end of a long one. */
export function tailOf(text: string): string {
  return text.length > TEXT_TAIL ? text.slice(-TEXT_TAIL) : text
}

/** Which bytes of a blob a client asks for. */
export interface RequestedRange {
  /** The first byte that `Range` asks for; 0 without one. */
  readonly start: number
  /** Whether it asks for all that follows `start`: a `Range` without an end, or none. */
  readonly open: boolean
}

/** A blob that a client is about to be sent to a store for. */
export interface Attempt extends RequestedRange {
  readonly address: Address
  /** The store's id. */
  readonly store: string
  /** The name of the repository that it is asked for in. */
  readonly repository: string
  readonly digest: Digest
  /**
   * What the store would have to send, in bytes, where that is known: it counts against what may be moved. Asked of what
   * moves alone, which is little.
   */
  bytes?(): number | undefined
}

/** Why a client stays with a store, or is sent elsewhere; a closed list, fit for a metric's label. */
export type RetryReason =
  /** Nothing speaks against the store. */
  | 'first'
  /** The same was asked for seconds ago, be it by another client of its address: worth a check of our own. */
  | 'soon'
  /** It came back once: worth a check of our own. */
  | 'again'
  /** Third try for the same content of the same store. */
  | 'blob-again'
  /** Third pull that this store spoils, whichever blob it begins with. */
  | 'pull-again'
  /** Many behind one address came back together, twice, as failed pulls do. */
  | 'crowd-again'
  /** It was sent elsewhere, and came back nevertheless. */
  | 'moved-in-vain'
  /** It should move, but moving this address has not helped, so that it rests. */
  | 'paused'
  /** It should move, but this hour's bytes for the store or the client's network are spent. */
  | 'budget'
  /** Its address brings so large a part of all requests that it cannot be one client. */
  | 'muted'

/** What to do with an attempt. */
export interface RetryVerdict {
  /** Where to send the client: the store, the next candidate, or the canonical upstream past all other stores. */
  readonly to: 'store' | 'next' | 'canonical'
  readonly reason: RetryReason
}

/** Every verdict there is, so that none is allocated. */
export const VERDICTS = {
  first: { to: 'store', reason: 'first' },
  soon: { to: 'store', reason: 'soon' },
  again: { to: 'store', reason: 'again' },
  'blob-again': { to: 'next', reason: 'blob-again' },
  'pull-again': { to: 'next', reason: 'pull-again' },
  'crowd-again': { to: 'next', reason: 'crowd-again' },
  'moved-in-vain': { to: 'canonical', reason: 'moved-in-vain' },
  paused: { to: 'store', reason: 'paused' },
  budget: { to: 'store', reason: 'budget' },
  muted: { to: 'store', reason: 'muted' },
} as const satisfies Record<RetryReason, RetryVerdict>
