import type { Slot } from './slot.ts'
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

/** Cells of one burst: when it began, its last request, how many it has, and how many for what was asked for before. */
const START = 0
const END = 1
const REQUESTS = 2
const AGAIN = 3
const BURST = 4

/** Cells of a slot: the present burst and the two before it; then what follows from them. */
const FIRST = 0
const SECOND = FIRST + BURST
const NOW = SECOND + BURST
/** How many requests of a crowd that came back may still be sent elsewhere, and until when. */
const LEFT = NOW + BURST
const LEFT_UNTIL = LEFT + 1
/** The requests of a crowd that were sent elsewhere, until it is known whether that helped. */
const SENT = LEFT + 2
/** Whether the burst after that one has begun; 0 or 1. */
const IS_NEXT_SEEN = LEFT + 3
const REST_UNTIL = LEFT + 4
const RESTS = LEFT + 5
/** How long the quiet before the present burst was, in milliseconds. */
const PAUSE = LEFT + 6

const NO_BURST = [NEVER, NEVER, 0, 0]
/** What the slot of {@link Bursts} begins with. */
export const NEW_BURSTS: readonly number[] = [
  ...NO_BURST,
  ...NO_BURST,
  ...NO_BURST,
  0,
  NEVER,
  0,
  0,
  NEVER,
  0,
  0,
]

/**
 * The requests of one address for one store, in bursts with quiet between them.
 *
 * Two hundred nodes that one store refuses come all at once, and again after kubelet's 10 seconds, and after 20 more.
 * Two hundred nodes that it serves come all at once. Neither sends anything that tells one node from the other, so the
 * bursts are all that can be gone by: equal in size, short beside the quiet around them, for the same content, and with
 * a growing pause.
 */
export class Bursts {
  readonly #slot: Slot
  readonly #offset: number

  /** Its cells begin `offset` behind the slot's beginning. */
  constructor(slot: Slot, offset: number) {
    this.#slot = slot
    this.#offset = offset
  }

  /** Takes note of a request. */
  note(now: number): void {
    const { cells } = this.#slot
    const at = this.#at
    // The longer a crowd pauses, the further its first and last nodes are from the others.
    const quiet = now - cells[at + NOW + END]!
    if (quiet >= QUIET && quiet >= cells[at + PAUSE]! / 4) this.#begin(cells, at, now, quiet)
    cells[at + NOW + END] = now
    cells[at + NOW + REQUESTS]!++
  }

  /** Says that this request is for what was asked for before. */
  noteAgain(): void {
    this.#slot.cells[this.#at + NOW + AGAIN]!++
  }

  /** Whether this request belongs to a crowd that failed twice. */
  get isCrowd(): boolean {
    return this.#slot.cells[this.#at + LEFT]! > 0
  }

  /** Says that a request of the crowd was sent elsewhere. */
  spend(): void {
    const { cells } = this.#slot
    cells[this.#at + LEFT]!--
    cells[this.#at + SENT]!++
  }

  get #at(): number {
    return this.#slot.at + this.#offset
  }

  #begin(cells: Int32Array, at: number, now: number, quiet: number): void {
    // The stragglers of a crowd that is being sent elsewhere belong to it.
    if (now < cells[at + LEFT_UNTIL]!) return
    cells[at + PAUSE] = quiet > WINDOW ? 0 : quiet
    cells[at + LEFT] = 0
    cells.copyWithin(at + FIRST, at + SECOND, at + NOW + BURST)
    cells[at + NOW + START] = now
    cells[at + NOW + REQUESTS] = 0
    cells[at + NOW + AGAIN] = 0
    if (cells[at + SENT]! > 0) judge(cells, at, now)
    else if (now >= cells[at + REST_UNTIL]! && isEcho(cells, at, now)) send(cells, at, now)
  }
}

function send(cells: Int32Array, at: number, now: number): void {
  const length = cells[at + SECOND + END]! - cells[at + SECOND + START]!
  cells[at + LEFT] = SURPLUS * largest(cells, at)
  cells[at + LEFT_UNTIL] = now + Math.max(STRAGGLE, 2 * length)
}

/** When the burst after the one that was sent elsewhere is over: if it was as large again, that helped nobody. */
function judge(cells: Int32Array, at: number, now: number): void {
  cells[at + IS_NEXT_SEEN]! ^= 1
  if (cells[at + IS_NEXT_SEEN] === 1) return
  if (cells[at + SECOND + AGAIN]! >= ALIKE * cells[at + SENT]!)
    cells[at + REST_UNTIL] = now + WINDOW * 2 ** Math.min(cells[at + RESTS]!++, 6)
  cells[at + SENT] = 0
}

function largest(cells: Int32Array, at: number): number {
  return Math.max(cells[at + FIRST + REQUESTS]!, cells[at + SECOND + REQUESTS]!)
}

function isEcho(cells: Int32Array, at: number, now: number): boolean {
  const start = cells[at + SECOND + START]!
  const requests = cells[at + SECOND + REQUESTS]!
  const pause = start - cells[at + FIRST + START]!
  const nextPause = now - start
  return (
    Math.min(cells[at + FIRST + REQUESTS]!, requests) >= Math.max(CROWD, ALIKE * largest(cells, at)) &&
    cells[at + SECOND + AGAIN]! >= SAME * requests &&
    pause + nextPause <= WINDOW &&
    nextPause >= MIN_GROWTH * pause &&
    nextPause <= MAX_GROWTH * pause &&
    isDense(cells, at + FIRST, start) &&
    isDense(cells, at + SECOND, now)
  )
}

/** Whether a burst stands out from the quiet after it, as requests that come by chance do not. */
function isDense(cells: Int32Array, burst: number, next: number): boolean {
  const length = cells[burst + END]! - cells[burst + START]!
  const quiet = next - cells[burst + END]!
  return quiet >= QUIET_PART * length && quiet * cells[burst + REQUESTS]! >= QUIET_GAPS * length
}
