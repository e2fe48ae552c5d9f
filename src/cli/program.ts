import { Command, CommanderError } from 'commander'
import packageFile from '../../package.json' with { type: 'json' }
import { PortolanError } from '../errors.ts'
import { COMMANDS, GROUPS } from './commands.ts'
import { EXIT, exitCodeOf } from './exit-code.ts'
import { printedError, printJson, sayError } from './print.ts'
import type { BoundCommand } from './spec/bound-command.ts'
import { variableOf } from './spec/command-spec.ts'
import { type Dispatch, formatExamples, groupToCommander, toCommander } from './spec/commander.ts'
import { readSwitch } from './spec/read-options.ts'

/** Runs one command line to its end; gives the exit code. */
export async function run(words: readonly string[]): Promise<number> {
  // A reader that has seen enough (`| head`) is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
  // Nobody is left to be told, and what runs is worth more than what it says.
  process.stderr.on('error', () => {})
  let code: number = EXIT.done
  const dispatch: Dispatch = async (command, given, rest) => {
    code = await command.run(given, rest, process.env)
  }
  try {
    // Commander ends at --version, whatever else is asked.
    if (/^(?:--version|-V)$/.test(words[0] ?? '') && words.includes('--verbose')) {
      const { about, formatAbout } = await import('./about.ts')
      process.stdout.write(formatAbout(await about()))
      return code
    }
    await createProgram(dispatch, words[0]).parseAsync(withoutShortcut(words), { from: 'user' })
    return code
  } catch (thrown) {
    // What commander throws for --help and --version is no error.
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return EXIT.done
    const error = thrown instanceof CommanderError ? usageOf(thrown, commandOf(words)) : thrown
    if (error === undefined) return EXIT.wrongUsage
    sayError(error)
    if (wantsJson(words)) printJson({ error: printedError(error) })
    return error instanceof PortolanError ? exitCodeOf(error.code) : EXIT.failed
  }
}

/** All commands, as commander takes them; of those that `first` is the first word of, them alone. */
export function createProgram(dispatch: Dispatch, first?: string): Command {
  const program = new Command('portolan')
    .description(packageFile.description)
    .version(
      packageFile.version,
      '-V, --version',
      'print the version; with --verbose, commit, runtime and data too',
    )
    .addHelpText('after', formatExamples(['portolan demo', 'portolan serve --config portolan.yaml']))
  const groups = new Map(GROUPS.map((group) => [group.name, groupToCommander(group)]))
  const named = COMMANDS.filter(({ name }) => firstWord(name) === first)
  for (const command of named.length > 0 ? named : COMMANDS) {
    const group = groups.get(firstWord(command.name))
    if (group !== undefined && !program.commands.includes(group)) program.addCommand(group)
    const parent = group ?? program
    parent.addCommand(toCommander(command, dispatch))
  }
  for (const each of [
    program,
    ...program.commands,
    ...program.commands.flatMap(({ commands }) => commands),
  ]) {
    // Errors are said in one place, ours and commander's.
    each.exitOverride().configureOutput({ outputError() {} })
  }
  return program
}

function firstWord(name: string): string {
  return name.split(' ', 1)[0]!
}

/** `ranges --about` is `ranges about`. */
function withoutShortcut(words: readonly string[]): readonly string[] {
  const [first, second, ...rest] = words
  const shortcut = GROUPS.find(({ name }) => name === first)?.shortcut
  return shortcut !== undefined && second === shortcut.flag ? [first!, shortcut.command, ...rest] : words
}

/** Whether a command line asks for JSON, however wrong it is otherwise. */
function wantsJson(words: readonly string[]): boolean {
  const command = commandOf(words)
  const option = command?.options.json
  if (command === undefined || option === undefined) return false
  const end = words.indexOf('--')
  if (words.slice(0, end < 0 ? words.length : end).includes('--json')) return true
  return readSwitch(process.env[variableOf(command, 'json', option) ?? '']) === true
}

/** The command that a command line begins with. */
function commandOf(words: readonly string[]): BoundCommand | undefined {
  return COMMANDS.find(({ name }) => name.split(' ').every((word, index) => words[index] === word))
}

/** What commander found wrong, in its own words; `undefined` of a help text that was printed in place of an answer. */
function usageOf({ code, message }: CommanderError, command?: BoundCommand): PortolanError | undefined {
  if (code.startsWith('commander.help')) return undefined
  const isTooMuch = code === 'commander.excessArguments'
  // Other commands take a config alone: this one does not.
  const takesConfig = command?.options.config !== undefined && command.argument.standsFor !== 'config'
  const hint = isTooMuch && takesConfig ? ' The config goes after --config.' : ''
  return new PortolanError('USAGE', message.replace(/^error: /, '') + hint)
}
