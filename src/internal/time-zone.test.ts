import { expect, test } from 'vitest'
import { dayAt, isTimeZone, monthAt, startOfDay } from './time-zone.ts'

const at = (text: string) => Date.parse(text)
const written = (moment: number) => new Date(moment).toISOString()

test.each([
  ['2026-12-31T23:30:00Z', 'UTC', '2026-12', '2026-12-01T00:00:00.000Z', '2027-01-01T00:00:00.000Z'],
  // On the last evening of the year in London it is still noon there, and the month has eight hours more.
  [
    '2026-12-31T23:30:00Z',
    'America/Los_Angeles',
    '2026-12',
    '2026-12-01T08:00:00.000Z',
    '2027-01-01T08:00:00.000Z',
  ],
  ['2026-12-31T23:30:00Z', 'Asia/Kolkata', '2027-01', '2026-12-31T18:30:00.000Z', '2027-01-31T18:30:00.000Z'],
  // The clocks change in it.
  [
    '2026-11-10T00:00:00Z',
    'America/Los_Angeles',
    '2026-11',
    '2026-11-01T07:00:00.000Z',
    '2026-12-01T08:00:00.000Z',
  ],
  ['2028-02-29T12:00:00Z', 'UTC', '2028-02', '2028-02-01T00:00:00.000Z', '2028-03-01T00:00:00.000Z'],
])('the month of %s in %s', (moment, zone, name, from, until) => {
  const month = monthAt(at(moment), zone)
  expect({ ...month, from: written(month.from), until: written(month.until) }).toEqual({ name, from, until })
})

test('a month begins when the one before it ends, and holds its first moment alone', () => {
  for (const zone of ['UTC', 'Europe/Paris', 'America/Santiago', 'Pacific/Apia', 'Asia/Kathmandu']) {
    let month = monthAt(at('2025-12-15T00:00:00Z'), zone)
    for (let count = 0; count < 36; count++) {
      const next = monthAt(month.until, zone)
      expect(next.from, `${zone} ${next.name}`).toBe(month.until)
      expect(monthAt(month.until - 1, zone).name).toBe(month.name)
      month = next
    }
  }
})

test.each([
  // Midnight does not exist on this day.
  ['2026-09-06', 'America/Santiago', '2026-09-06T04:00:00.000Z'],
  ['2025-04-25', 'Africa/Cairo', '2025-04-24T22:00:00.000Z'],
  // Midnight comes twice: within this day, and before the last hour of the day before comes again.
  ['2025-11-02', 'America/Havana', '2025-11-02T04:00:00.000Z'],
  ['2024-10-27', 'Asia/Beirut', '2024-10-26T22:00:00.000Z'],
])('%s in %s begins at %s', (day, zone, moment) => {
  expect(written(startOfDay(day, zone))).toBe(moment)
  expect(dayAt(at(moment), zone)).toBe(day)
  expect(dayAt(at(moment) - 1, zone)).not.toBe(day)
})

test('days are counted over the end of a month', () => {
  expect(written(startOfDay('2026-12-31', 'UTC', 1))).toBe('2027-01-01T00:00:00.000Z')
})

test('which names are time zones is for the runtime to say', () => {
  expect(['UTC', 'Europe/Berlin', '', 'Europe/Nowhere', 'local'].map(isTimeZone)).toEqual([
    true,
    true,
    false,
    false,
    false,
  ])
})
