import { setQuiet } from '../print.ts'
import type { OptionValues } from './command-spec.ts'
import { list, switchOption } from './option-spec.ts'

/** What every command takes. */
export const commonOptions = {
  ca: list('<file>', 'trust the certificates in this PEM file too; may be given several times'),
  quiet: switchOption('say nothing but results and errors: no progress, no summary, no log line below error'),
}

/** Does what they say, before a command runs. Throws `FILE_UNREADABLE` for a file without certificates. */
export async function applyCommonOptions({ ca, quiet }: OptionValues<typeof commonOptions>): Promise<void> {
  setQuiet(quiet)
  if (ca !== undefined) await (await import('../../adapters/node/trust.ts')).trustFiles(ca)
}
