import type { Environment } from '../../config/environment.ts'
import { isRefusal } from '../../config/refusal.ts'
import { PortolanError } from '../../errors.ts'
import { type CommandSpec, flagOf, type OptionSpecs, type OptionValues, variableOf } from './command-spec.ts'
import type { OptionSpec } from './option-spec.ts'

/** What the command line gave: of each option that was given, the texts after it. */
export type Given = ReadonlyMap<string, readonly string[]>

interface Named {
  readonly name: string
}

/** What a command line and the environment say of one option. */
interface Said {
  /** Who says it, for messages: the flag or the variable. */
  readonly name: string
  readonly texts: readonly string[]
}

/**
 * Reads the options of a command from its command line, else from the environment, and checks its rules. Throws
 * `USAGE`, naming the flag or variable, its value, and what is allowed.
 */
export function readOptions<Specs extends OptionSpecs, Argument>(
  spec: CommandSpec<Specs, Argument>,
  given: Given,
  argument: Argument,
  environment: Environment,
): OptionValues<Specs> {
  const said = new Map<keyof Specs, Said>()
  const values: Record<string, unknown> = {}
  for (const [key, option] of Object.entries(spec.options)) {
    const own = sayingOf(spec, key, option, given, environment)
    if (own !== undefined) said.set(key, own)
    values[key] = readOption(spec, key, option, own)
  }
  const options = values as OptionValues<Specs>
  checkRules(spec, options, argument, (key) => said.get(key)?.name)
  return options
}

function sayingOf(
  spec: Named,
  key: string,
  option: OptionSpec<unknown>,
  given: Given,
  environment: Environment,
): Said | undefined {
  const texts = given.get(key)
  if (texts !== undefined) return { name: flagOf(key, option), texts }
  const variable = variableOf(spec, key, option)
  const text = variable === undefined ? undefined : environment[variable]
  // An empty variable is how many tools write one that is not set.
  if (variable === undefined || text === undefined || text.trim() === '') return undefined
  if (option.kind === 'value') return { name: variable, texts: [text] }
  if (option.kind === 'list') return { name: variable, texts: text.trim().split(/\s+/) }
  const isOn = readSwitch(text)
  if (isOn === undefined) throw usage(`${variable} ${JSON.stringify(text)} must be true, false, 1 or 0`)
  return isOn ? { name: variable, texts: [] } : undefined
}

/** Whether the variable of a switch says yes; `undefined` when it says neither. */
export function readSwitch(text: string | undefined): boolean | undefined {
  if (text === '1' || text === 'true') return true
  return text === '0' || text === 'false' ? false : undefined
}

function readOption(spec: Named, key: string, option: OptionSpec<unknown>, said: Said | undefined): unknown {
  const value = said === undefined ? option.absent : option.read(said.texts)
  if (!isRefusal(value)) return value
  if (said === undefined) throw usage(`${describeOption(spec, key, option)} ${value.refused}`)
  throw usage(`${said.name} ${JSON.stringify(said.texts.join(' '))} ${value.refused}`)
}

/** `--config <file> (or PORTOLAN_SERVE_CONFIG)`. */
function describeOption(spec: Named, key: string, option: OptionSpec<unknown>): string {
  const variable = variableOf(spec, key, option)
  const flag = [flagOf(key, option), ...(option.placeholder ? [option.placeholder] : [])].join(' ')
  return variable === undefined ? flag : `${flag} (or ${variable})`
}

function checkRules<Specs extends OptionSpecs, Argument>(
  { rules = [], options: specs }: CommandSpec<Specs, Argument>,
  options: OptionValues<Specs>,
  argument: Argument,
  nameOf: (key: keyof Specs) => string | undefined,
): void {
  const flag = (key: keyof Specs) => flagOf(String(key), specs[key]!)
  for (const rule of rules) {
    if (rule.kind === 'check') {
      const fault = rule.fault(options, argument)
      if (fault !== undefined) throw usage(fault)
    } else if (rule.kind === 'need') {
      const name = nameOf(rule.option)
      if (name !== undefined && nameOf(rule.needs) === undefined) {
        throw usage(`${name} needs ${flag(rule.needs)}: ${rule.why}`)
      }
    } else {
      const [one, other] = rule.options.map(nameOf)
      if (one !== undefined && other !== undefined) {
        throw usage(`${one} and ${other} exclude each other: ${rule.why}`)
      }
    }
  }
}

function usage(message: string): PortolanError {
  return new PortolanError('USAGE', message)
}
