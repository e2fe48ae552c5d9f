import type { ArgumentSpec, CommandSpec, OptionSpecs, OptionValues } from './command-spec.ts'
import { type Environment, type Given, readOptions } from './read-options.ts'

/** A command as it is listed: what is shown of it, and how a command line of it is run to an exit code. */
export interface BoundCommand {
  readonly name: string
  readonly description: string
  readonly argument: Pick<ArgumentSpec<unknown>, 'placeholder' | 'description'>
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
  const { name, description, argument, options, examples } = spec
  return {
    name,
    description,
    argument,
    options,
    examples,
    async run(given, words, environment) {
      const value = argument.read(words)
      return work(readOptions(spec, given, value, environment), value)
    },
  }
}

/** Commands under one name. */
export interface CommandGroup {
  readonly name: string
  readonly description: string
  readonly examples: readonly string[]
  /** An option that does the same as one of its commands. */
  readonly shortcut?: { readonly flag: string; readonly command: string }
}
