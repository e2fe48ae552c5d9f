const DAY = 86_400_000

/** A span of time that people name; both ends in milliseconds since 1970 (UTC), the second one outside. */
export interface Period {
  /** `2026-09`. */
  readonly name: string
  readonly from: number
  readonly until: number
}

/** Whether the runtime knows a time zone by this name, such as `America/Los_Angeles` or `UTC`. */
export function isTimeZone(name: string): boolean {
  try {
    formatOf(name)
    return true
  } catch {
    return false
  }
}

/** The month of a moment (milliseconds since 1970) as a time zone has it: it ends there, not in UTC. */
export function monthAt(moment: number, zone: string): Period {
  const { year, month } = localTime(moment, zone)
  const next = month === 12 ? { year: year + 1, month: 1 } : { year, month: month + 1 }
  return {
    name: `${year}-${String(month).padStart(2, '0')}`,
    from: startOf(year, month, 1, zone),
    until: startOf(next.year, next.month, 1, zone),
  }
}

/** The first moment of a day (`2026-09-30`) in a time zone, `days` later; in milliseconds since 1970. */
export function startOfDay(day: string, zone: string, days = 0): number {
  const later = new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY)
  return startOf(later.getUTCFullYear(), later.getUTCMonth() + 1, later.getUTCDate(), zone)
}

/** The day of a moment (milliseconds since 1970) in a time zone: `2026-09-30`. */
export function dayAt(moment: number, zone: string): string {
  const { year, month, day } = localTime(moment, zone)
  return `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`
}

/**
 * Clocks may change at midnight itself: a day whose first hour is left out begins with the second one, and one whose
 * first hour comes again, after part of the day before was repeated, begins with the later.
 */
function startOf(year: number, month: number, day: number, zone: string): number {
  const midnight = Date.UTC(year, month - 1, day)
  const candidates = [midnight - DAY, midnight + DAY]
    .map((moment) => midnight - offsetAt(moment, zone))
    .sort((one, other) => one - other)
  return candidates.find((moment) => moment + offsetAt(moment, zone) >= midnight) ?? candidates[1]!
}

/** How far local time is ahead of UTC, in milliseconds. */
function offsetAt(moment: number, zone: string): number {
  const { year, month, day, hour, minute, second } = localTime(moment, zone)
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(moment / 1000) * 1000
}

interface LocalTime {
  readonly year: number
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
}

function localTime(moment: number, zone: string): LocalTime {
  const parts = formatOf(zone).formatToParts(moment)
  return Object.fromEntries(parts.map(({ type, value }) => [type, Number(value)])) as unknown as LocalTime
}

/** Making one takes a hundred times as long as using it; a config names few. */
const formats = new Map<string, Intl.DateTimeFormat>()
const FORMATS_MAX = 100

function formatOf(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone)
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
    if (formats.size >= FORMATS_MAX) formats.clear()
    formats.set(zone, format)
  }
  return format
}
