import { setQuiet } from '../print.ts'
import type { OptionValues } from './command-spec.ts'
import { list, switchOption } from './option-spec.ts'

/** What every command takes. */
export const commonOptions = {
  ca: list('<file>', 'trust the certificates in this PEM file too; may be given several times'),
  quiet: switchOption('say nothing but results and errors: no progress, no summary, no log line below error'),
}

export type CommonOptions = OptionValues<typeof commonOptions>

let applied: CommonOptions = { ca: undefined, quiet: false }

/** Does what they say, before a command runs. Throws `FILE_UNREADABLE` for a file without certificates. */
export async function applyCommonOptions(options: CommonOptions): Promise<void> {
  applied = options
  setQuiet(options.quiet)
  if (options.ca !== undefined) await (await import('../../adapters/node/trust.ts')).trustFiles(options.ca)
}

/** The words that say the same to another process of this program, wherever it was said to this one. */
export function commonWords(): string[] {
  const { ca = [], quiet } = applied
  return [...(quiet ? ['--quiet'] : []), ...ca.map((file) => `--ca=${file}`)]
}
