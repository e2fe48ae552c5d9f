import type { Address } from '../../net/address.ts'
import { Addresses } from './addresses.ts'
import { type Attempt, type RetryReason, type RetryVerdict, VERDICTS } from './attempt.ts'
import { KeyHash } from './key-hash.ts'
import { LoudAddress } from './loud-address.ts'
import { PullStarts } from './pull-starts.ts'
import { Rows } from './rows.ts'
import { NEVER } from './times.ts'
import type { WatchedClient } from './watched-client.ts'
import { WatchedClients } from './watched-clients.ts'
import { type WatchedStore, WatchedStores } from './watched-stores.ts'

/** Rows of 16 bytes, so 2 MiB: what 250 requests a second ask for in nine minutes. */
const ROWS = 131_072
const CLIENTS = 16_384
/** What a blob of unknown size counts for: 16 MiB. */
const UNKNOWN_BYTES = 16 * 2 ** 20

/** When a pull begins again after so many, the next store has not helped either. */
const IN_VAIN = 3

/** All that is remembered of clients, of fixed size, and what follows from it. */
export class RetryMemory {
  readonly stores: WatchedStores
  readonly #key: KeyHash
  readonly #rows = new Rows(ROWS)
  readonly #clients = new WatchedClients(CLIENTS)
  readonly #addresses = new Addresses()
  readonly #pulls = new PullStarts()
  readonly #loud = new LoudAddress()

  /** `random` gives from 0 up to 1; `maxMovedBytes` holds for each store and hour. */
  constructor(random: () => number, maxMovedBytes: number) {
    this.#key = new KeyHash(random)
    this.stores = new WatchedStores(random, maxMovedBytes)
  }

  /** The share of all requests of an address that is not gone by, from 0 up to 1. */
  get mutedShare(): number | undefined {
    return this.#loud.share
  }

  note(attempt: Attempt, now: number): RetryVerdict {
    const { address } = attempt
    const key = this.#key
    key.address(address)
    const isMuted = this.#loud.note(key.low, now)
    this.#addresses.turnTo(key)
    const store = this.stores.get(attempt.store)
    key.word(store.salt)
    const client = this.#clients.find(key, now)
    this.#arrive(client, now)
    store.watch.note(client, now)
    this.#visit(attempt, client)
    const reason = this.#reasonToMove(client, now)
    if (reason === undefined) return this.#stay(attempt)
    store.watch.noteThird(client, networkOf(address))
    return isMuted ? VERDICTS.muted : this.#move(attempt, store, client, reason, now)
  }

  noteManifest(address: Address, repository: string, reference: string, now: number): void {
    const key = this.#key
    key.address(address)
    this.#addresses.turnTo(key)
    key.text(repository)
    this.#pulls.turnTo(key)
    key.text(reference)
    this.#pulls.note(key, now)
    this.#addresses.noteManifest(key, now)
  }

  #arrive(client: WatchedClient, now: number): void {
    const addresses = this.#addresses
    const { manifestAt, manifestAgainAt, manifestBefore } = addresses
    const { lastAt } = client
    client.arrive(now, manifestAt)
    // It asked this store for something between two times that it was handed the manifest.
    if (manifestAgainAt > lastAt && lastAt >= manifestBefore) client.cameBack(manifestBefore)
    addresses.noteBlob(now)
  }

  #visit(attempt: Attempt, client: WatchedClient): void {
    const { digest, start, open } = attempt
    const key = this.#key
    const rows = this.#rows
    key.digest(digest)
    if (start > 0) key.word(start | 0)
    rows.visit(key, client.lastAt, this.#quickSince(client, start))
    if (rows.isAgain) client.bursts.noteAgain()
    if (rows.isTry) {
      // Who reads by ranges reads some of them again.
      if (open) client.cameBack(rows.from)
      if (open && !client.isShared && this.#isPullBetween(attempt)) client.widen()
      if (rows.isInVain) client.noteInVain()
    } else if (rows.isRepeat && start === 0) client.noteRepeat()
  }

  /** After when the same request is another try even when it comes soon. */
  #quickSince(client: WatchedClient, start: number): number {
    if (client.isShared) return NEVER
    // Who resumes does not ask for the manifest again.
    return start > 0 ? client.lastAt : this.#addresses.manifestAgainAt
  }

  /** Whether another pull from the repository began, and did not ask for this, since this was asked for last. */
  #isPullBetween({ address, repository }: Attempt): boolean {
    const key = this.#key
    key.address(address)
    key.text(repository)
    this.#pulls.turnTo(key)
    return this.#rows.before < this.#pulls.followedAt
  }

  #reasonToMove(client: WatchedClient, now: number): RetryReason | undefined {
    const rows = this.#rows
    if (client.bursts.isCrowd) return 'crowd-again'
    if (rows.isInVain) return 'moved-in-vain'
    const isBlob = rows.isThird || rows.isMoved
    if (!isBlob && !client.isWide(now)) return undefined
    if (this.#addresses.manifestPulls > IN_VAIN) return 'moved-in-vain'
    return isBlob ? 'blob-again' : 'pull-again'
  }

  #stay({ start }: Attempt): RetryVerdict {
    const rows = this.#rows
    if (rows.isTry) return VERDICTS.again
    // Who asks for other parts of the same blob does not ask for it again.
    return rows.isSoon && start === 0 ? VERDICTS.soon : VERDICTS.first
  }

  #move(
    attempt: Attempt,
    { budget }: WatchedStore,
    { bursts, allowance, isShared }: WatchedClient,
    reason: RetryReason,
    now: number,
  ): RetryVerdict {
    const isCrowd = reason === 'crowd-again'
    if (!isCrowd && !allowance.mayMove(now, isShared)) return VERDICTS.paused
    const bytes = attempt.bytes?.() ?? UNKNOWN_BYTES
    if (!budget.spend(bytes, networkOf(attempt.address), now)) return VERDICTS.budget
    if (isCrowd) bursts.spend()
    else allowance.spend()
    this.#rows.markMoved()
    return VERDICTS[reason]
  }
}

/** A hash of the network an address is in: /16 of IPv4, /32 of IPv6, of which one forger hardly has five. */
function networkOf({ family, word0 }: Address): number {
  const hash = Math.imul((family === 4 ? word0 >>> 16 : word0) ^ family, 0x9e3779b1)
  return hash ^ (hash >>> 16)
}
