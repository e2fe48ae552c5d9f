import type { Runtime } from '../runtime.ts'

/** How many characters tell the doors of a fleet, and one start from the next, apart: 2.8 million million values. */
const PREFIX_LENGTH = 8
const BASE = 36

/** Names each request of a door: the door's own random prefix and a number, such as `k3j9x0ab-7f`. Never repeats itself. */
export function createRequestIds({ random }: Pick<Runtime, 'random'>): () => string {
  const prefix = Math.floor(random() * BASE ** PREFIX_LENGTH)
    .toString(BASE)
    .padStart(PREFIX_LENGTH, '0')
  let count = 0
  return () => `${prefix}-${(count++).toString(BASE)}`
}
