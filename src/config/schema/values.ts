import { z } from 'zod'
import { PortolanError } from '../../errors.ts'
import { parsePrefix } from '../../net/prefix.ts'
import { isVerifiable, parseDigest } from '../../oci/digest.ts'
import { formatSize, parseSize } from '../byte-size.ts'
import { formatDuration, parseDuration } from '../duration.ts'
import { percentageOf } from '../percentage.ts'
import { readBackendPlace } from '../place-name.ts'
import { isRefusal, type Refusal, refused } from '../refusal.ts'
import { readBackendUrl, readPageUrl } from '../web-url.ts'

/** How a store says that it need not prove whose it is; no id of a backend. */
export const NO_PROOF = 'off'

/** In milliseconds, as the others. */
export const SECOND = 1000
export const MINUTE = 60_000
export const HOUR = 3_600_000
export const DAY = 24 * HOUR

const ID = /^[a-z0-9][a-z0-9-]{0,62}$/
/** How many names of hosts a list may have. */
export const HOSTS_MAX = 64

/** A string that stands for a `T`; `expected` follows "must be". */
export function text<T extends string | number | object>(
  expected: string,
  read: (text: string) => T | Refusal | undefined,
) {
  const message = `must be ${expected}`
  return z
    .string({ error: ({ input }) => (input === undefined ? `is required, and ${message}` : message) })
    .transform((value, { issues }): T => {
      const result = read(value)
      if (result !== undefined && !isRefusal(result)) return result
      issues.push({ code: 'custom', input: value, message: result?.refused ?? message })
      return z.NEVER
    })
}

/** A string for which something holds; `expected` follows "must be". */
export function textThat(expected: string, holds: (text: string) => boolean) {
  return text(expected, (value) => (holds(value) ? value : undefined))
}

/** Milliseconds from the text of a duration, both bounds allowed. */
export function duration(least: number, most: number) {
  return text(durationBetween(least, most), (value) => readDuration(value, least, most))
}

/** What is expected of a duration, in words that follow "must be". */
export function durationBetween(least: number, most: number): string {
  return `a duration from ${formatDuration(least)} to ${formatDuration(most)}, such as 300ms, 5s, 10m, 12h or 7d`
}

/** Milliseconds; `undefined` for what is no duration or beyond a bound. */
export function readDuration(value: string, least: number, most: number): number | undefined {
  const milliseconds = parseDuration(value)
  return milliseconds !== undefined && milliseconds >= least && milliseconds <= most
    ? milliseconds
    : undefined
}

/** Bytes from the text of a size, both bounds allowed. */
export function size(least: number, most: number) {
  const expected = `a size from ${formatSize(least)} to ${formatSize(most)}, such as 500MiB or 200GiB`
  return text(expected, (value) => {
    const bytes = parseSize(value)
    return bytes !== undefined && bytes >= least && bytes <= most ? bytes : undefined
  })
}

/** A truth value, also as text. */
export function flag() {
  return z.preprocess(readFlag, z.boolean())
}

/** A truth value, also from the text that a variable of the environment gives; anything else as it is. */
export function readFlag(value: unknown): unknown {
  return value === 'true' ? true : value === 'false' ? false : value
}

/** A whole number, also as text, both bounds allowed. */
export function wholeNumber(least: number, most: number) {
  const error = `must be a whole number from ${least} to ${most}`
  return z.preprocess(
    (value) => (typeof value === 'string' && /^[0-9]{1,15}$/.test(value) ? Number(value) : value),
    z.int({ error }).min(least, { error }).max(most, { error }),
  )
}

/** A number from 0 up to 1, also as text. */
export function share() {
  const error = 'must be a number from 0 to 1'
  return z.preprocess(
    (value) => (typeof value === 'string' && /^[0-9]+(?:\.[0-9]+)?$/.test(value) ? Number(value) : value),
    z.number({ error }).min(0, { error }).max(1, { error }),
  )
}

/** A share from the text of a percentage, such as `5 %`. */
export function percentage() {
  return text('a percentage from 0 % to 100 %, such as 5 %', percentageOf)
}

/** Nothing on Earth is farther away than half its circumference. */
const FARTHEST_KM = 20_038

/** Kilometres from a text such as `3000km`. */
export function kilometres() {
  return text(`a distance from 1km to ${FARTHEST_KM}km, such as 3000km`, (value) => {
    const match = /^([1-9][0-9]{0,4})km$/.exec(value)
    return match !== null && Number(match[1]) <= FARTHEST_KM ? Number(match[1]) : undefined
  })
}

/** Whether it is a digest by which content can be checked here. */
export function isVerifiableDigest(value: string): boolean {
  const digest = parseDigest(value)
  return digest !== undefined && isVerifiable(digest)
}

/** Reads an address prefix, as it is written. */
export function readPrefix(value: string): string | Refusal {
  try {
    parsePrefix(value)
    return value
  } catch (error) {
    if (error instanceof PortolanError) return refused(error.message.replace(`${JSON.stringify(value)} `, ''))
    throw error
  }
}

/** A string or a list of some, as a list of what `read` makes of each; `expected` follows "must be". */
export function oneOrMore(expected: string, read: (text: string) => string | Refusal = (text) => text) {
  const error = `must be ${expected}, or a list of them`
  return z
    .union([z.string(), z.array(z.string()).min(1, { error })], { error })
    .transform((value, { issues }) => {
      const texts = typeof value === 'string' ? [value] : value
      return texts.map((input, index): string => {
        const result = read(input)
        if (!isRefusal(result)) return result
        const path = typeof value === 'string' ? [] : [index]
        issues.push({ code: 'custom', input, path, message: result.refused })
        return z.NEVER
      })
    })
}

/** The id of a backend. */
export const id = () =>
  textThat(
    'a name of a-z, 0-9 and "-" (at most 63, no "-" at the start) other than "upstreams", "stores" and "off"',
    (value) => ID.test(value) && !['upstreams', 'stores', NO_PROOF].includes(value),
  )

/** Where something is served that paths are put behind: without credentials, query and fragment. */
export const backendUrl = () => text('an http or https URL', readBackendUrl)
/** Any web address. */
export const pageUrl = () => text('an http or https URL', readPageUrl)

/** Where a backend is. */
export const backendPlace = () =>
  text('CLOUD/REGION, such as aws/eu-west-3, or anycast', readBackendPlace).describe(
    'Where it is: CLOUD/REGION, or anycast when it is everywhere. Regions of the public clouds are checked.',
  )

/** An address prefix, as it is written; `expected` follows "must be". */
export const prefix = (expected: string) => text(expected, readPrefix)

/** A path, relative to the folder of the config. */
export const folder = () => textThat('the path of a folder', (value) => value !== '')
/** The same of a file. */
export const file = () => textThat('the path of a file', (value) => value !== '')

/** The path of a file or a list of some, as a list. */
export const oneOrMoreFiles = () =>
  z
    .union([file(), z.array(file()).min(1, { error: 'must name at least one file' })], {
      error: 'must be the path of a file, or a list of them',
    })
    .transform((value) => (typeof value === 'string' ? [value] : value))

const PLATFORM = /^[a-z0-9]+(?:\/[a-z0-9_.-]+){1,2}$/

/** Names of platforms. */
export const platforms = () =>
  z.array(
    textThat('OS/ARCHITECTURE or OS/ARCHITECTURE/VARIANT, such as linux/amd64 or linux/arm/v7', (value) =>
      PLATFORM.test(value),
    ),
  )
