import type { Backend } from './backend.ts'
import { type DrawKey, drawn, textKey } from './draw.ts'

/** How much of what would go to a backend may, as its sponsor's budget lasts. */
export interface Pace {
  /** Of whom: all backends of one sponsor pass over the same pulls. */
  readonly salt: DrawKey
  /** From 0 to 1. */
  readonly share: number
  /** Who comes first for those who may not; absent for whoever comes next. */
  readonly over?: ReadonlySet<Backend>
}

/** The pace of a sponsor. */
export function paceOf(sponsor: string, share: number, over?: ReadonlySet<Backend>): Pace {
  return { salt: textKey(`sponsor ${sponsor}`), share, ...(over && { over }) }
}

/** Whether a pull is among those that may go there; with a lower share, some that were are no more, and none else change. */
export function isWithin({ salt, share }: Pace, key: DrawKey): boolean {
  return drawn(key, salt) < share
}
