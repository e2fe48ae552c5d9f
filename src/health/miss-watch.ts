import type { Clock } from '../runtime.ts'

/** Notices a store that has nothing of what it should have: emptied, never filled, or not the one that was meant. */
export interface MissWatch {
  /**
   * Takes in that a store said whether it has something. With `certain`, it is something that the store is known to have
   * been given; otherwise clients may just ask for what is nowhere.
   */
  answered(id: string, present: boolean, certain: boolean): void
  /** Whether it has lacked everything that it was asked for, for a minute and more. */
  missesAll(id: string): boolean
  /** Forgets all stores but these. */
  keep(ids: ReadonlySet<string>): void
}

export interface MissWatchOptions {
  readonly clock: Clock
  /** Whether anything that a store was found to have is remembered still. */
  readonly holdsAnything: (id: string) => boolean
  readonly onChange: (id: string, missesAll: boolean) => void
}

/** How many answers in a row it takes, at least. */
const UNCERTAIN_MISSES = 20
const CERTAIN_MISSES = 3
/** And how long they have to go on, in milliseconds: what was emptied by mistake is often filled again at once. */
const DURATION = 60_000

interface Entry {
  misses: number
  certainMisses: number
  /** When the first of them was. */
  since: number
  missesAll: boolean
}

export function createMissWatch({ clock, holdsAnything, onChange }: MissWatchOptions): MissWatch {
  const entries = new Map<string, Entry>()

  return {
    answered(id, present, certain) {
      const before = entries.get(id)
      if (present) {
        entries.delete(id)
        if (before?.missesAll) onChange(id, false)
        return
      }
      const entry = before ?? { misses: 0, certainMisses: 0, since: clock.now(), missesAll: false }
      entries.set(id, entry)
      entry.misses++
      if (certain) entry.certainMisses++
      const isMany =
        entry.certainMisses >= CERTAIN_MISSES || (entry.misses >= UNCERTAIN_MISSES && !holdsAnything(id))
      if (entry.missesAll || !isMany || clock.now() - entry.since < DURATION) return
      entry.missesAll = true
      onChange(id, true)
    },
    missesAll: (id) => entries.get(id)?.missesAll ?? false,
    keep(ids) {
      for (const id of entries.keys()) if (!ids.has(id)) entries.delete(id)
    },
  }
}
