import { formatBytes, formatTime } from '../format-quantity.ts'
import type { Board } from './progress.ts'
import { Rate } from './rate.ts'

/** What a bundle tells while it is written. */
export type BundleEvent =
  | { readonly kind: 'bytes'; readonly bytes: number }
  /** How many there will be, and how many there are. */
  | { readonly kind: 'plan'; readonly length: number; readonly written: number }

/** How far a bundle is. */
export function createBundleBoard(): Board<BundleEvent> {
  let sums = { length: 0, written: 0 }
  let came = 0
  const rate = new Rate()
  return {
    note(event) {
      if (event.kind === 'plan') sums = { length: event.length, written: event.written }
      else {
        came += event.bytes
        sums = { ...sums, written: Math.min(sums.length, sums.written + event.bytes) }
      }
      return true
    },
    sums: () => sums,
    draw(now) {
      const { length, written } = sums
      if (length === 0) return ['finding out what is to be written']
      rate.note(now, came)
      const speed = rate.perSecond
      const left = speed
        ? `, ${formatBytes(speed)}/s, ${formatTime(((length - written) / speed) * 1000)} left`
        : ''
      return [`${formatBytes(written)} of ${formatBytes(length)}${left}`]
    },
  }
}
