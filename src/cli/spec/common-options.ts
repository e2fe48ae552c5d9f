import { setQuiet } from '../print.ts'
import type { OptionValues } from './command-spec.ts'
import { switchOption } from './option-spec.ts'

/** What every command takes. */
export const commonOptions = {
  quiet: switchOption('say nothing but results and errors: no progress, no summary'),
}

/** Does what they say, before a command runs. */
export function applyCommonOptions({ quiet }: OptionValues<typeof commonOptions>): void {
  setQuiet(quiet)
}
