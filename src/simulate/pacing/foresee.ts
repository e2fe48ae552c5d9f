import type { Place } from '../../clouds/place.ts'
import type { SponsorParts, SponsorStatus } from '../../routing/budget/sponsor-account.ts'
import { Sponsors } from '../../routing/budget/sponsors.ts'
import type { Amount } from '../tally.ts'
import type { PaceCourse, PaceStep } from './course.ts'
import { SponsorHistory } from './sponsor-history.ts'
import { finenessOf, type LoadCell, type LoadState, partWithin } from './sponsor-load.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** What came of sponsors over the time of a log. */
export interface Foreseen {
  readonly course: PaceCourse
  readonly sponsors: readonly SponsorHistory[]
  /** By how many minutes at once it was reckoned; 1 is as a door does. */
  readonly minutes: number
}

export interface ForeseeOptions {
  readonly sponsors: readonly SponsorParts[]
  /** Of the first and the last request, in milliseconds since 1970. */
  readonly first: number
  readonly last: number
  /** How many requests each one stands for. */
  readonly times: number
  readonly placeOf: (name: string) => Place
}

/**
 * Takes the accounts of sponsors through the time of a log as a door does that starts with its first request: what is asked
 * for is noted minute by minute, at the paces of that minute, and paid for at its end.
 */
export function foresee({ level, cells }: LoadState, options: ForeseeOptions): Foreseen {
  const { minutes, width } = finenessOf(level)
  const begin = Math.floor(options.first / MINUTE) * MINUTE
  const accounts = new Sponsors(options.sponsors, begin)
  const histories = accounts.status.map((status) => new SponsorHistory(status.id, status.unit))
  const course: PaceStep[] = []
  const tick = (now: number) => {
    const steered = accounts.tick(now)
    const status = accounts.status
    for (const [index, each] of status.entries()) histories[index]!.see(each, now)
    if (steered.length > 0 || course.length === 0) course.push({ at: now, shares: sharesOf(status) })
  }
  tick(begin)
  let now = begin
  const advance = (until: number) => {
    while (now < until) {
      now = nextTick(now, until)
      tick(now)
    }
  }
  for (const cell of [...cells.values()].sort((one, other) => one.minute - other.minute)) {
    advance(cell.minute * MINUTE)
    noteCell(accounts, cell, width, options)
  }
  advance(Math.floor(options.last / MINUTE) * MINUTE + MINUTE)
  for (const [index, each] of accounts.status.entries()) histories[index]!.end(each, now)
  return { course, sponsors: histories, minutes }
}

/** A minute later; through days without a request it goes by the hour, and what lies farther apart are other logs. */
function nextTick(now: number, until: number): number {
  const gap = until - now
  if (gap > 62 * DAY) return until
  return now + (gap > 2 * DAY ? HOUR : MINUTE)
}

function noteCell(
  accounts: Sponsors,
  { path, place: name, ...amount }: LoadCell,
  width: number,
  { times, placeOf }: ForeseeOptions,
): void {
  const place = name === undefined ? 'somewhere' : placeOf(name)
  const note = (backend: string, { bytes, gets, heads }: Amount) =>
    accounts.note({ backend, place, bytes: bytes * times, gets: gets * times, heads: heads * times })
  let rest: Amount = amount
  for (const { backend, draw } of path.steps) {
    const part = partWithin(accounts.of(backend)!.pace, draw, width)
    const taken = partOf(rest, part)
    note(backend, taken)
    rest = without(rest, taken)
  }
  if (path.end !== undefined) note(path.end, rest)
}

function partOf({ gets, heads, bytes, estimated }: Amount, part: number): Amount {
  const of = (count: number) => Math.round(count * part)
  return { gets: of(gets), heads: of(heads), bytes: of(bytes), estimated: of(estimated) }
}

function without(whole: Amount, { gets, heads, bytes, estimated }: Amount): Amount {
  return {
    gets: whole.gets - gets,
    heads: whole.heads - heads,
    bytes: whole.bytes - bytes,
    estimated: whole.estimated - estimated,
  }
}

function sharesOf(status: readonly SponsorStatus[]): ReadonlyMap<string, number> {
  return new Map(status.map(({ id, pace }) => [id, pace]))
}
