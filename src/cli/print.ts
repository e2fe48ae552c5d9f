import type { LogConfig } from '../config/config.ts'
import { PortolanError } from '../errors.ts'

/** The version of what `--json` prints. It changes when a field does that is there already. */
const JSON_VERSION = 1

/** So much of a document is printed at once. */
const PIECE_LENGTH = 64 * 1024

let quiet = false

/** Whether summaries and progress are wanted, for all of this process. */
export function setQuiet(wanted: boolean): void {
  quiet = wanted
}

/** Whether they are not. */
export function isQuiet(): boolean {
  return quiet
}

/** Says a line of a summary on standard error, where it does not get into what is piped on; not with `--quiet`. */
export function say(line: string): void {
  if (!quiet) console.error(line)
}

/** Which lines of a log are wanted, where this level is asked for: with `--quiet`, errors alone. */
export function levelOf(level: LogConfig['level']): LogConfig['level'] {
  return quiet && level !== 'silent' ? 'error' : level
}

/** Where progress goes: standard error, or nowhere with `--quiet`. */
export function progressOutput(): Pick<typeof process.stderr, 'write' | 'isTTY' | 'columns'> {
  return quiet ? { write: () => true, isTTY: false, columns: 0 } : process.stderr
}

/** What came from files or others, without what would drive a terminal. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, '�')
}

/** What is printed by `--json` on an error that ended a command. */
export interface PrintedError {
  readonly code: string
  readonly message: string
  /** Of a config, each with its place. */
  readonly faults?: unknown
}

/** Prints the one document of `--json` on standard output, with its version in front. */
export function printJson(document: object): void {
  process.stdout.write(`${JSON.stringify({ version: JSON_VERSION, ...document }, null, 2)}\n`)
}

/** The same of a document with lists that may be very long: a piece at a time, each when the one before is taken. */
export async function printLongJson(document: object): Promise<void> {
  let text = ''
  for (const piece of jsonPieces({ version: JSON_VERSION, ...document })) {
    text += piece
    if (text.length < PIECE_LENGTH) continue
    await write(text)
    text = ''
  }
  await write(`${text}\n`)
}

/** Done when standard output has taken it, or nobody reads that any more. */
function write(text: string): Promise<void> {
  return new Promise((resolve) => process.stdout.write(text, () => resolve()))
}

/** What `JSON.stringify(document, null, 2)` gives, the items of its lists one by one: there may be very many. */
export function* jsonPieces(document: object): Generator<string> {
  let comma = ''
  yield '{'
  for (const [key, value] of Object.entries(document)) {
    if (value === undefined) continue
    yield `${comma}\n  ${JSON.stringify(key)}: `
    comma = ','
    if (!Array.isArray(value) || value.length === 0) {
      yield indented(value, '  ')
      continue
    }
    for (const [index, item] of value.entries())
      yield `${index === 0 ? '[' : ','}\n    ${indented(item, '    ')}`
    yield '\n  ]'
  }
  yield comma === '' ? '}' : '\n}'
}

function indented(value: unknown, blanks: string): string {
  return (JSON.stringify(value, null, 2) ?? 'null').replaceAll('\n', `\n${blanks}`)
}

/** Prints one of many documents, on a line of its own. */
export function printJsonLine(document: object): void {
  process.stdout.write(`${JSON.stringify({ version: JSON_VERSION, ...document })}\n`)
}

/** An error as `--json` has it; what is no error of ours is a bug, `INTERNAL`. */
export function printedError(error: unknown): PrintedError {
  if (!(error instanceof PortolanError)) return { code: 'INTERNAL', message: String(error) }
  const { code, message, facts } = error
  return { code, message, ...(code === 'CONFIG_INVALID' && facts.faults ? { faults: facts.faults } : {}) }
}

/** Says an error in one line on standard error, a config's faults in one line each. */
export function sayError(error: unknown): void {
  if (!(error instanceof PortolanError)) {
    console.error('portolan: this is a bug, please report it:', error)
    return
  }
  console.error(error.code === 'CONFIG_INVALID' ? error.message : `portolan: ${oneLine(error.message)}`)
}

function oneLine(text: string): string {
  return text.trim().replace(/\s*\n\s*/g, ' ')
}
