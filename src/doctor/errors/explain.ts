import type { Cause } from './cause.ts'
import { CAUSES, type CauseId } from './causes.ts'
import { cleanLine } from './clean-line.ts'
import { ErrorList, type ExplainedError } from './error-list.ts'
import { fillIn } from './fill-in.ts'
import { matchLine } from './match-line.ts'
import { type Nearest, nearestShapes } from './nearest.ts'
import { redact } from './redact.ts'
import { type Wrapper, wrappersOf } from './wrappers.ts'

/** A cause, with what the error names filled in. */
export interface NamedCause extends Omit<Cause, 'allow'> {
  readonly id: CauseId
  /** What the network has to let this machine reach; empty where it is not about that, or not known. */
  readonly allow: readonly { readonly host: string; readonly port: number }[]
  readonly host?: string
  readonly port?: number
}

/** A line that tells of an error of which nothing is known. */
export interface UnknownError {
  readonly text: string
  readonly line: number
  /** Words that say that it failed, and not why. */
  readonly wrappers: readonly Wrapper[]
  /** Known messages that have the most words in common with it. */
  readonly nearest: readonly Nearest[]
}

/** What a text of errors means. */
export interface Explanation {
  /** The causes of all errors, each once for a host: those of the first error first, of each the likeliest first. */
  readonly causes: readonly NamedCause[]
  readonly errors: readonly ExplainedError[]
  readonly unknown: readonly UnknownError[]
  /** How many more errors, known or not, are left out of those lists. */
  readonly leftOut: number
}

/** Longer lines end with a page that somebody sent; what was said stands at the beginning or the end. */
const LINE_MAX = 16 * 1024
const TEXT_MAX = 600
const UNKNOWN_MAX = 20
/** Lines of a log that tell of no error, and those of a page. */
const HARMLESS = /\blevel=(?:info|debug|warn|warning)\b|^[IW]\d{4} |^</i
/** How a page or a JSON begins that stands on a line of its own. */
const BODY = /^[<{]/
/** What may be an error of its own, in a text in which others are known. */
const SOUNDS_WRONG =
  /(?<![\w./-])(?:errors?|fail(?:ed|ure|s)?|fatal|denied|refused|cannot|can't|could not|unable|invalid|unexpected|unknown|timeout|timed out)(?![\w./-])/i

/** Explains what runtimes and tools print when a pull fails: one message, or any log in which some stand. */
export function explainErrors(text: string): Explanation {
  const errors = new ErrorList()
  const silent: Line[] = []
  for (const [index, raw] of text.split(/\r\n|\n|\r/).entries()) {
    const line = { text: cleanLine(shorten(raw)), number: index + 1 }
    const match = line.text === '' ? undefined : matchLine(line.text)
    if (match === undefined) {
      if (line.text !== '') silent.push(line)
    } else if (errors.size > 0 && BODY.test(line.text) && match.facts.host === undefined)
      errors.addBody(match)
    else errors.add(match, line.number, () => quote(line.text))
  }
  if (errors.size > 0) return explanation(errors, silent.filter(isError))
  // What was copied from a terminal may be broken into lines anywhere between two words.
  const whole = shorten(silent.map((line) => line.text).join(' '))
  const match = silent.length > 1 ? matchLine(whole) : undefined
  if (match === undefined)
    return explanation(errors, silent.length === 1 ? silent : silent.filter(tellsSomething))
  errors.add(match, silent[0]!.number, () => quote(whole))
  return explanation(errors, [])
}

interface Line {
  readonly text: string
  readonly number: number
}

function explanation(errors: ErrorList, unknown: readonly Line[]): Explanation {
  const list = errors.list()
  return {
    causes: namedCauses(list),
    errors: list,
    unknown: unknown.slice(0, UNKNOWN_MAX).map(({ text, number }) => ({
      text: quote(text),
      line: number,
      wrappers: wrappersOf(text),
      nearest: nearestShapes(text),
    })),
    leftOut: errors.leftOut + Math.max(0, unknown.length - UNKNOWN_MAX),
  }
}

function namedCauses(errors: readonly ExplainedError[]): NamedCause[] {
  const named = new Map<string, NamedCause>()
  for (const error of errors) {
    for (const id of error.causes) {
      const key = `${id} ${error.host ?? ''}`
      if (!named.has(key)) named.set(key, nameCause(id, error))
    }
  }
  return [...named.values()]
}

function nameCause(id: CauseId, { host, port = 443, images: [image], ...facts }: ExplainedError): NamedCause {
  const known = { ...(host !== undefined && { host, port }) }
  const { allow, ...cause } = fillIn(CAUSES[id], {
    ...facts,
    ...known,
    ...(image !== undefined && { image }),
  })
  return { id, ...known, ...cause, allow: allow && host !== undefined ? [{ host, port }] : [] }
}

function isError({ text }: Line): boolean {
  return SOUNDS_WRONG.test(text) && !HARMLESS.test(text) && wrappersOf(text).length === 0
}

function tellsSomething({ text }: Line): boolean {
  return SOUNDS_WRONG.test(text) || wrappersOf(text).length > 0
}

function shorten(line: string): string {
  return line.length <= LINE_MAX ? line : `${line.slice(0, LINE_MAX / 2)} ${line.slice(-LINE_MAX / 2)}`
}

/** What is shown of a line: without secrets, and not all of a page. */
function quote(line: string): string {
  const text = redact(line)
  return text.length <= TEXT_MAX ? text : `${text.slice(0, TEXT_MAX / 2)} … ${text.slice(-TEXT_MAX / 2)}`
}
