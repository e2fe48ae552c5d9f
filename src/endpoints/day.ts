/** A day in UTC, such as `2026-12-01`: days of this form sort as they follow each other. */
export type Day = string

const DAY_LENGTH = 86_400_000
const FORM = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/
const FORM_LENGTH = 'YYYY-MM-DD'.length

/** Whether a text is a day that there is. */
export function isDay(text: string): boolean {
  return FORM.test(text) && !Number.isNaN(Date.parse(text)) && dayOf(Date.parse(text)) === text
}

/** The day of a moment in milliseconds since 1970. */
export function dayOf(moment: number): Day {
  return new Date(moment).toISOString().slice(0, FORM_LENGTH)
}

/** The day that comes so many days later. */
export function daysAfter(day: Day, days: number): Day {
  return dayOf(Date.parse(day) + days * DAY_LENGTH)
}

/** Milliseconds from a moment until the next day begins. */
export function untilNextDay(moment: number): number {
  return DAY_LENGTH - (moment % DAY_LENGTH)
}
