import { Command, Option } from 'commander'
import type { BoundCommand, CommandGroup } from './bound-command.ts'
import { flagOf, variableOf } from './command-spec.ts'
import type { OptionSpec } from './option-spec.ts'
import type { Given } from './read-options.ts'

/** Runs a command line that was taken apart. */
export type Dispatch = (command: BoundCommand, given: Given, words: readonly string[]) => Promise<void>

/** A command as commander takes it: it tells flags and words apart; what they mean is read by the spec. */
export function toCommander(command: BoundCommand, dispatch: Dispatch): Command {
  const made = new Command(command.name.split(' ').at(-1))
    .description(command.description)
    .addHelpText('after', formatExamples(command.examples))
  const { placeholder, description } = command.argument
  if (placeholder !== undefined) made.argument(placeholder, description)
  for (const [key, option] of Object.entries(command.options)) {
    made.addOption(toOption(key, option, variableOf(command, key, option)))
  }
  return made.action(() => dispatch(command, givenOf(made, command), made.args))
}

/** Several commands under one name. */
export function groupToCommander({ name, description, examples, shortcut }: CommandGroup): Command {
  const made = new Command(name).description(description).addHelpText('after', formatExamples(examples))
  return shortcut === undefined
    ? made
    : made.option(shortcut.flag, `the same as the command ${shortcut.command}`)
}

/** The last part of a help text. */
export function formatExamples(lines: readonly string[]): string {
  const title = lines.length === 1 ? 'Example' : 'Examples'
  return `\n${title}:\n${lines.map((line) => `  $ ${line}\n`).join('')}`
}

function toOption(key: string, option: OptionSpec<unknown>, variable: string | undefined): Option {
  const { short, placeholder, kind, choices, presetText } = option
  const long = [flagOf(key, option), ...(placeholder === undefined ? [] : [placeholder])].join(' ')
  const facts = [
    ...(choices === undefined ? [] : [`one of: ${choices.join(', ')}`]),
    ...(presetText === undefined ? [] : [`default: ${presetText}`]),
    ...(variable === undefined ? [] : [`env: ${variable}`]),
  ]
  const description = [option.description, ...(facts.length > 0 ? [`(${facts.join('; ')})`] : [])].join(' ')
  const made = new Option(short === undefined ? long : `${short}, ${long}`, description)
  const isSwitch = kind === 'switch' || kind === 'off-switch'
  return isSwitch ? made : made.argParser((text: string, before: readonly string[] = []) => [...before, text])
}

function givenOf(made: Command, { options }: BoundCommand): Given {
  const given = new Map<string, readonly string[]>()
  const values = made.opts<Readonly<Record<string, readonly string[] | boolean | undefined>>>()
  for (const key of Object.keys(options)) {
    // An off-switch that was not given has a value too.
    if (made.getOptionValueSource(key) !== 'cli') continue
    const value = values[key]
    given.set(key, typeof value === 'object' ? value : [])
  }
  return given
}
