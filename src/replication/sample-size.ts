/** How much of what a store holds is looked at: all, so many objects, a share from 0 to 1 of them, or what an assurance takes. */
export type SampleSize = 'full' | { readonly count: number } | { readonly share: number } | SampleGoal

/** With so much confidence, fewer than such a share are bad when none of the sample is; both from 0 to 1. */
export interface SampleGoal {
  readonly confidence: number
  readonly below: number
}

/** What a sample in which nothing is bad says of all. */
export interface Assurance {
  /** From 0 to 1. */
  readonly confidence: number
  /** With that confidence, fewer than so many are bad. */
  readonly fewerThan: number
  readonly of: number
}

/**
 * The probability that `drawn` of `population` things, each as likely as any other and none of them twice, hold none of
 * the `bad` ones (the hypergeometric distribution).
 */
export function chanceOfNone(population: number, bad: number, drawn: number): number {
  // The draw that misses is the same to both sides; the shorter product is taken.
  const [turns, others] = bad < drawn ? [bad, drawn] : [drawn, bad]
  let chance = 1
  for (let turn = 0; turn < turns && chance > 0; turn++) {
    chance *= Math.max(0, population - others - turn) / (population - turn)
  }
  return chance
}

/** How many of `population` must be drawn to find, with this confidence, one of `bad` ones. */
export function drawsToFind(population: number, bad: number, confidence: number): number {
  return leastWhere(population, (drawn) => isSure(chanceOfNone(population, bad, drawn), confidence))
}

/** With this confidence there are fewer bad ones than that among `population`, of which `drawn` were all good. */
export function badFewerThan(population: number, drawn: number, confidence: number): number {
  return leastWhere(population + 1, (bad) => isSure(chanceOfNone(population, bad, drawn), confidence))
}

/** What is the same but for the last digits of a double is enough. */
function isSure(chance: number, confidence: number): boolean {
  return chance <= 1 - confidence + 1e-12
}

/** The least number from 0 on that is right, of which all greater ones are right too; `most` where none below is. */
function leastWhere(most: number, isRight: (number: number) => boolean): number {
  let low = 0
  let high = most
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if (isRight(middle)) high = middle
    else low = middle + 1
  }
  return low
}
