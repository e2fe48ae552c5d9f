import type { LogConfig } from '../config/config.ts'
import { PortolanError } from '../errors.ts'

/** The version of what `--json` prints. It changes when a field does that is there already. */
const JSON_VERSION = 1

let isQuiet = false

/** Whether summaries and progress are wanted, for all of this process. */
export function setQuiet(quiet: boolean): void {
  isQuiet = quiet
}

/** Says a line of a summary on standard error, where it does not get into what is piped on; not with `--quiet`. */
export function say(line: string): void {
  if (!isQuiet) console.error(line)
}

/** Which lines of a log are wanted, where this level is asked for: with `--quiet`, errors alone. */
export function levelOf(level: LogConfig['level']): LogConfig['level'] {
  return isQuiet && level !== 'silent' ? 'error' : level
}

/** Where progress goes: standard error, or nowhere with `--quiet`. */
export function progressOutput(): Pick<typeof process.stderr, 'write' | 'isTTY' | 'columns'> {
  return isQuiet ? { write: () => true, isTTY: false, columns: 0 } : process.stderr
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
