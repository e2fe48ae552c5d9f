import type { Environment } from '../../config/environment.ts'
import { PortolanError } from '../../errors.ts'
import {
  type ArgumentSpec,
  type CommandSpec,
  flagOf,
  noArgument,
  type OptionSpecs,
  type OptionValues,
} from './command-spec.ts'
import { applyCommonOptions, commonOptions } from './common-options.ts'
import { type Given, readOptions } from './read-options.ts'

/** A command as it is listed: what is shown of it, and how a command line of it is run to an exit code. */
export interface BoundCommand {
  readonly name: string
  readonly description: string
  readonly argument: Pick<ArgumentSpec<unknown>, 'placeholder' | 'description' | 'standsFor'>
  readonly options: OptionSpecs
  readonly examples: readonly string[]
  /** `words` stand after the options. Throws `USAGE` before anything runs. */
  readonly run: (given: Given, words: readonly string[], environment: Environment) => Promise<number>
}

/** A spec with what it runs, which gives an exit code. What runs is loaded in `work`. */
export function bind<Specs extends OptionSpecs, Argument>(
  spec: CommandSpec<Specs, Argument>,
  work: (options: OptionValues<Specs>, argument: Argument) => Promise<number>,
): BoundCommand {
  const { name, description, argument, examples } = spec
  const common = { ...spec, argument: noArgument, options: commonOptions, rules: [] }
  return {
    name,
    description,
    argument,
    options: { ...spec.options, ...commonOptions },
    examples,
    async run(given, words, environment) {
      const value = argument.read(words)
      const options = readOptions(spec, withArgument(spec, given, words), value, environment)
      await applyCommonOptions(readOptions(common, given, undefined, environment))
      return work(options, value)
    },
  }
}

/** An argument that stands for an option is as good as the option. Throws `USAGE` when both are there. */
function withArgument<Specs extends OptionSpecs, Argument>(
  { argument, options }: CommandSpec<Specs, Argument>,
  given: Given,
  words: readonly string[],
): Given {
  const { standsFor } = argument
  const [word] = words
  if (standsFor === undefined || word === undefined) return given
  const texts = given.get(standsFor)
  if (texts === undefined) return new Map(given).set(standsFor, [word])
  const flag = `${flagOf(standsFor, options[standsFor]!)} ${texts.at(-1)}`
  throw new PortolanError('USAGE', `${JSON.stringify(word)} and ${flag} say the same: give one of them`)
}

/** Commands under one name. */
export interface CommandGroup {
  readonly name: string
  readonly description: string
  readonly examples: readonly string[]
  /** An option that does the same as one of its commands. */
  readonly shortcut?: { readonly flag: string; readonly command: string }
}
