/**
 * Answers in a row that something is not there, of one store: emptied, never filled, or not the one that was meant.
 * Plain data.
 */
export interface Misses {
  readonly count: number
  /** Of these, how many were of something that the store is known to have been given. */
  readonly certain: number
  /** When the first of them was. */
  readonly since: number
  /** Whether it has lacked everything that it was asked for, for a minute and more. */
  readonly all: boolean
}

/** A store's answer about something that it should have. */
export interface ContentAnswer {
  readonly present: boolean
  /** Whether the store is known to have been given it; otherwise clients may just ask for what is nowhere. */
  readonly certain: boolean
}

/** How many answers in a row it takes, at least. */
const UNCERTAIN_MISSES = 20
const CERTAIN_MISSES = 3
/** And how long they have to go on, in milliseconds: what was emptied by mistake is often filled again at once. */
const DURATION = 60_000

export const NO_MISSES: Misses = { count: 0, certain: 0, since: 0, all: false }

/** Counts one more answer. `holdsAnything`: whether anything that the store was found to have is remembered still. Pure. */
export function countAnswer(
  misses: Misses,
  answer: ContentAnswer,
  holdsAnything: boolean,
  now: number,
): Misses {
  if (answer.present) return NO_MISSES
  const count = misses.count + 1
  const certain = misses.certain + (answer.certain ? 1 : 0)
  const since = misses.count === 0 ? now : misses.since
  const isMany = certain >= CERTAIN_MISSES || (count >= UNCERTAIN_MISSES && !holdsAnything)
  return { count, certain, since, all: misses.all || (isMany && now - since >= DURATION) }
}
