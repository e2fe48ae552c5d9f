import { NEVER, QUIET, WINDOW } from './times.ts'

/** A crowd's burst has at least so many requests. */
const CROWD = 12
/** How much two bursts of the same nodes may differ in size. */
const ALIKE = 0.6
/** A burst's share of requests for what the one before asked for too. */
const SAME = 0.8
/** How much longer the second pause is than the first: kubelet doubles its pause, and a rollout's waves do not. */
const MIN_GROWTH = 1.5
const MAX_GROWTH = 3
/** The quiet after a burst is at least this part of the burst, and so many times what lay between its requests. */
const QUIET_PART = 0.75
const QUIET_GAPS = 25
/** What a crowd that moves may ask for, in requests of its largest burst: pulls that go well ask for more blobs. */
const SURPLUS = 2
/** The stragglers of a crowd come within this time, in milliseconds. */
const STRAGGLE = 30_000

interface Burst {
  start: number
  end: number
  requests: number
  /** Requests for what had been asked for before. */
  again: number
}

/**
 * The requests of one address for one store, in bursts with quiet between them.
 *
 * Two hundred nodes that one store refuses come all at once, and again after kubelet's 10 seconds, and after 20 more.
 * Two hundred nodes that it serves come all at once. Neither sends anything that tells one node from the other, so the
 * bursts are all that can be gone by: equal in size, short beside the quiet around them, for the same content, and with
 * a growing pause.
 */
export class Bursts {
  #first = emptyBurst()
  #second = emptyBurst()
  #now = emptyBurst()
  /** How many requests of a crowd that came back may still be sent elsewhere, and until when. */
  #left = 0
  #leftUntil = NEVER
  /** The requests of a crowd that were sent elsewhere, until it is known whether that helped. */
  #sent = 0
  /** Whether the burst after that one has begun. */
  #isNextSeen = false
  #restUntil = NEVER
  #rests = 0

  /** How long the quiet before the present burst was, in milliseconds. */
  #quiet = 0

  /** Takes note of a request. */
  note(now: number): void {
    // The longer a crowd pauses, the further its first and last nodes are from the others.
    const quiet = now - this.#now.end
    if (quiet >= QUIET && quiet >= this.#quiet / 4) this.#begin(now, quiet)
    this.#now.end = now
    this.#now.requests++
  }

  /** Says that this request is for what was asked for before. */
  noteAgain(): void {
    this.#now.again++
  }

  /** Whether this request belongs to a crowd that failed twice. */
  get isCrowd(): boolean {
    return this.#left > 0
  }

  /** Says that a request of the crowd was sent elsewhere. */
  spend(): void {
    this.#left--
    this.#sent++
  }

  #begin(now: number, quiet: number): void {
    // The stragglers of a crowd that is being sent elsewhere belong to it.
    if (now < this.#leftUntil) return
    this.#quiet = quiet > WINDOW ? 0 : quiet
    this.#left = 0
    const burst = this.#first
    this.#first = this.#second
    this.#second = this.#now
    this.#now = burst
    burst.start = now
    burst.requests = 0
    burst.again = 0
    if (this.#sent > 0) this.#judge(now)
    else if (now >= this.#restUntil && this.#isEcho(now)) this.#send(now)
  }

  #send(now: number): void {
    this.#left = SURPLUS * this.#largest()
    this.#leftUntil = now + Math.max(STRAGGLE, 2 * (this.#second.end - this.#second.start))
  }

  /** When the burst after the one that was sent elsewhere is over: if it was as large again, that helped nobody. */
  #judge(now: number): void {
    this.#isNextSeen = !this.#isNextSeen
    if (this.#isNextSeen) return
    if (this.#second.again >= ALIKE * this.#sent)
      this.#restUntil = now + WINDOW * 2 ** Math.min(this.#rests++, 6)
    this.#sent = 0
  }

  #largest(): number {
    return Math.max(this.#first.requests, this.#second.requests)
  }

  #isEcho(now: number): boolean {
    const first = this.#first
    const second = this.#second
    const pause = second.start - first.start
    const nextPause = now - second.start
    return (
      Math.min(first.requests, second.requests) >= Math.max(CROWD, ALIKE * this.#largest()) &&
      second.again >= SAME * second.requests &&
      now - first.start <= WINDOW &&
      nextPause >= MIN_GROWTH * pause &&
      nextPause <= MAX_GROWTH * pause &&
      isDense(first, second.start) &&
      isDense(second, now)
    )
  }
}

function emptyBurst(): Burst {
  return { start: NEVER, end: NEVER, requests: 0, again: 0 }
}

/** Whether a burst stands out from the quiet after it, as requests that come by chance do not. */
function isDense({ start, end, requests }: Burst, next: number): boolean {
  const length = end - start
  const quiet = next - end
  return quiet >= QUIET_PART * length && quiet * requests >= QUIET_GAPS * length
}
