const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** A pace is changed once an hour at most, so that nobody is sent to and fro. */
const DWELL = HOUR
/** From so little time nothing can be told of what clients ask for. */
const WINDOW_MIN = 5 * MINUTE
/** Of an hour that is so many times busier or quieter than its day is gone by; less is the rhythm of every day. */
const UNUSUAL = 6
/** An hour is quiet only if its day would have it hold so many times the largest that was paid at once. */
const EVIDENCE = 10
/** A pace that is as good as the one that would be right stays. */
const TOLERANCE = 0.1
const TOLERANCE_MIN = 0.005
/** What is left unplanned of every fund, for what cannot be foreseen within an hour. */
const RESERVE = 0.01
/** Of paces, so that they can be written down. */
const STEPS = 1000
/** Of those who may still come: were there none, nobody could tell when there is less to be asked for. */
const PACE_MIN = 1 / STEPS
/** By how much of the time that is left a fund has to end early to be told of. */
const EARLY = 0.1

/** What may still be spent by when. Amounts are millionths of a currency, or bytes; moments milliseconds since 1970. */
export interface Left {
  readonly amount: number
  /** What it was at first. */
  readonly of: number
  readonly until: number
}

/** What was spent up to a moment, and how long backends were open to their clients until then, each at its pace. */
interface Sample {
  readonly at: number
  readonly spent: number
  /** Milliseconds, each counted as the pace that it had. */
  readonly open: number
}

/** How much of what would go to a sponsor's backends does, and what that was decided from: plain data. */
export interface PacingState {
  /** From 0 to 1. */
  readonly pace: number
  readonly changedAt?: number
  /** What all clients together would spend in a millisecond, as far as that was ever seen. */
  readonly demand?: number
  /** The most that was spent from one sample to the next, halved by each day since. */
  readonly grain?: number
  /** Of the last hour one a minute, of the day before it one an hour; the newest last. */
  readonly samples: readonly Sample[]
}

/** What is known at one moment. */
export interface PacingInput {
  readonly now: number
  /** All that was ever spent; only its growth counts. */
  readonly spent: number
  /** What may be spent from now on. */
  readonly left: readonly Left[]
  /** Below and above which the pace never is. */
  readonly floor: number
  readonly ceiling: number
  /** Whether another sponsor is steered at this moment: then this one waits for the next. */
  readonly mustWait?: boolean
}

/** The state of a sponsor of whom nothing is known: all who would come may. */
export function beginPacing(ceiling: number): PacingState {
  return { pace: ceiling, samples: [] }
}

/**
 * What becomes of a pace, looked at about once a minute. What is left is spread evenly over the time that is left, by
 * what clients have asked for in the last day, or in the last hour where that is quite another thing. It changes once
 * an hour at most; only what is used up is closed at once.
 */
export function pace(state: PacingState, input: PacingInput): PacingState {
  const { now, floor, ceiling, left } = input
  const samples = withSample(state, input)
  const grain = grainOf(state, input)
  const demand = demandOf(samples, now, grain) ?? state.demand
  const next = { ...state, samples, grain, ...(demand !== undefined && { demand }) }
  const wanted = isUsedUp(left) ? floor : Math.max(PACE_MIN, paceFor(demand, input) ?? state.pace)
  const bounded = Math.min(ceiling, Math.max(floor, wanted))
  const isClosing = isUsedUp(left) && state.pace > floor
  const isOutside = state.pace > ceiling || state.pace < floor
  if (!isClosing && !isOutside) {
    const rests = state.changedAt !== undefined && now - state.changedAt < DWELL
    if (rests || input.mustWait === true || isAsGood(state.pace, bounded, input)) return next
  }
  const rounded = Math.min(ceiling, Math.max(floor, Math.round(bounded * STEPS) / STEPS))
  return rounded === state.pace ? next : { ...next, pace: rounded, changedAt: now }
}

/** Whether nothing may be spent any more. */
export function isUsedUp(left: readonly Left[]): boolean {
  return left.every(({ amount }) => amount <= 0)
}

/**
 * When all that is left will be gone if what is spent goes on like in the last day; `undefined` where that is not
 * well before it ends anyway, or where nothing is spent.
 */
export function projectedEnd({ samples }: PacingState, left: readonly Left[]): number | undefined {
  const last = samples.at(-1)
  if (last === undefined || left.length === 0) return undefined
  const rate = rateOf(samples, last.at)
  if (rate === undefined || rate <= 0) return undefined
  const amount = left.reduce((sum, each) => sum + Math.max(0, each.amount), 0)
  const end = last.at + amount / rate
  const until = Math.max(...left.map((each) => each.until))
  return end < until - EARLY * (until - last.at) ? end : undefined
}

/** What is spent in a millisecond, in the last day. */
function rateOf(samples: readonly Sample[], now: number): number | undefined {
  const [first, last] = [samples.find(({ at }) => at >= now - DAY), samples.at(-1)!]
  if (first === undefined || last.at - first.at < WINDOW_MIN) return undefined
  return (last.spent - first.spent) / (last.at - first.at)
}

/** The pace at which what is left lasts; `undefined` as long as nobody has asked for anything. */
function paceFor(demand: number | undefined, { left, now }: PacingInput): number | undefined {
  if (demand === undefined) return undefined
  let rate = 0
  for (const { amount, of, until } of left) {
    if (until > now) rate += Math.max(0, amount - RESERVE * of) / Math.max(MINUTE, until - now)
  }
  return demand === 0 ? Number.POSITIVE_INFINITY : rate / demand
}

/** All the way up or down is worth a change however small it is, and so is a beginning. */
function isAsGood(current: number, wanted: number, { floor, ceiling }: PacingInput): boolean {
  if (current === wanted) return true
  if (wanted === ceiling || wanted === floor || current === 0) return false
  return Math.abs(wanted - current) <= Math.max(TOLERANCE_MIN, TOLERANCE * current)
}

function withSample({ pace: current, samples }: PacingState, { now, spent }: PacingInput): readonly Sample[] {
  const last = samples.at(-1)
  // A clock that was put back begins anew: what is known of a later time is no past.
  if (last === undefined || now < last.at || spent < last.spent) return [{ at: now, spent, open: 0 }]
  if (now - last.at < MINUTE / 2) return samples
  const sample = { at: now, spent, open: last.open + (now - last.at) * current }
  let hour = Number.NEGATIVE_INFINITY
  const kept = samples.filter(({ at }, index) => {
    if (at >= now - HOUR) return true
    // The one before the first that is a day old is where that day begins.
    if (at < now - DAY && samples[index + 1] !== undefined && samples[index + 1]!.at <= now - DAY)
      return false
    const isNext = Math.floor(at / HOUR) !== hour
    hour = Math.floor(at / HOUR)
    return isNext
  })
  return [...kept, sample]
}

/** How large what is paid at once is: one request, where they are few. */
function grainOf({ samples, grain = 0 }: PacingState, { now, spent }: PacingInput): number {
  const last = samples.at(-1)
  if (last === undefined || now < last.at) return grain
  return Math.max(spent - last.spent, grain * 0.5 ** ((now - last.at) / DAY))
}

/** What all clients would spend in a millisecond, were all let in. */
function demandOf(samples: readonly Sample[], now: number, grain: number): number | undefined {
  const hour = since(samples, now - HOUR)
  const day = since(samples, now - DAY)
  if (hour === undefined || day === undefined) return (day ?? hour)?.demand
  if (hour.demand > day.demand * UNUSUAL) return hour.demand
  // Where few ask, an hour without anybody is no quiet one: it would open for all.
  const wouldTell = day.demand * hour.open >= EVIDENCE * grain
  return wouldTell && hour.demand < day.demand / UNUSUAL ? hour.demand : day.demand
}

interface Span {
  readonly open: number
  readonly demand: number
}

function since(samples: readonly Sample[], from: number): Span | undefined {
  const [first, last] = [samples.find(({ at }) => at >= from), samples.at(-1)!]
  if (first === undefined || last.at - first.at < WINDOW_MIN) return undefined
  const open = last.open - first.open
  return open <= 0 ? undefined : { open, demand: (last.spent - first.spent) / open }
}
