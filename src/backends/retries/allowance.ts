import { NEVER, WINDOW } from './times.ts'

/** How many requests of one client may be sent elsewhere within a window: it pulls some ten images. */
const ALONE = 256
/**
 * How many of an address that many share, and what part of its requests if that is more: three nodes' pulls, and of
 * two hundred nodes' a fiftieth. Half of it after every second pause.
 */
const SHARED = 16
const SHARED_PART = 0.02
/** Pauses double so often at most: from 12 minutes to some 13 hours. */
const MAX_PAUSES = 6

/** How much of one address's requests for one store may be sent elsewhere, and the pauses when that has not helped. */
export class Allowance {
  #since = NEVER
  #requests = 0
  #moved = 0
  #pauses = 0
  #pausedUntil = NEVER

  /** Takes note of a request; what a shared address spent comes back with a pause, and not with time. */
  note(now: number, isShared: boolean): void {
    if (!isShared && now - this.#since > WINDOW) this.#renew(now)
    this.#requests++
  }

  /** Whether the address was seen to gain nothing by being sent elsewhere. */
  get isHabitual(): boolean {
    return this.#pauses > 0
  }

  /** Whether one more may be sent elsewhere; when not, none may for a while, and longer each time. */
  mayMove(now: number, isShared: boolean): boolean {
    if (now < this.#pausedUntil) return false
    if (this.#moved < this.#limit(isShared)) return true
    this.#pausedUntil = now + WINDOW * 2 ** this.#pauses
    this.#pauses = Math.min(this.#pauses + 1, MAX_PAUSES)
    this.#renew(now)
    return false
  }

  spend(): void {
    this.#moved++
  }

  #renew(now: number): void {
    this.#since = now
    this.#requests = 0
    this.#moved = 0
  }

  #limit(isShared: boolean): number {
    return isShared ? Math.max(SHARED >> (this.#pauses >> 1), SHARED_PART * this.#requests) : ALONE
  }
}
