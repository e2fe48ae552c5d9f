import { expect, it } from 'vitest'
import { timeSlot } from './time-slot.ts'

const formats = new Map<string, Intl.DateTimeFormat>()

/** As `2026-11` where it is that. */
function monthIn(timeZone: string, at: number): string {
  const format =
    formats.get(timeZone) ?? new Intl.DateTimeFormat('sv-SE', { timeZone, year: 'numeric', month: '2-digit' })
  formats.set(timeZone, format)
  return format.format(at)
}

it('a slot lies in the same month as its moments, in every zone, and there are few of them', () => {
  const zones = [
    'UTC',
    'America/Los_Angeles',
    'Asia/Kathmandu',
    'Pacific/Kiritimati',
    'Pacific/Niue',
    'Asia/Kolkata',
  ]
  const slots = new Set<number>()
  // Two months and their ends, every seven minutes.
  for (let at = Date.UTC(2026, 9, 30); at < Date.UTC(2027, 0, 3); at += 7 * 60_000 + 123) {
    const slot = timeSlot(at)
    slots.add(slot)
    const date = new Date(at)
    const isNearEnd = date.getUTCDate() === 1 || new Date(at + 86_400_000).getUTCDate() === 1
    for (const zone of isNearEnd ? zones : zones.slice(0, 1))
      expect(monthIn(zone, slot)).toBe(monthIn(zone, at))
  }
  expect(slots.size).toBeLessThan(3 * 121 + 4)
})
