import { drawTally } from './copy-lines.ts'
import { addToTally, type CopyEvent, EMPTY_TALLY } from './copy-tally.ts'
import type { Board } from './progress.ts'
import { Rate } from './rate.ts'

/** Events that only say how much more there is, and that come too often to be told one by one. */
const COUNTED: ReadonlySet<string> = new Set(['repository', 'downloaded', 'uploaded', 'stored'])

/** How far a sync is. */
export function createCopyBoard(): Board<CopyEvent> {
  let tally = EMPTY_TALLY
  const rates = new Map<string, Rate>()
  return {
    note(event) {
      tally = addToTally(tally, event)
      return COUNTED.has(event.kind)
    },
    sums: () => tally,
    draw(now, canvas) {
      for (const { store, sent } of tally.stores) {
        const rate = rates.get(store) ?? new Rate()
        rate.note(now, sent)
        rates.set(store, rate)
      }
      const perSecond = new Map(Array.from(rates, ([store, rate]) => [store, rate.perSecond]))
      return drawTally(tally, perSecond, canvas)
    },
  }
}
