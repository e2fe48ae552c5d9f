import type { OptionSpec } from './option-spec.ts'

/** The options of a command by the keys of their values: `dryRun` is `--dry-run`. */
export type OptionSpecs = Readonly<Record<string, OptionSpec<unknown>>>

/** What stands after the options of a command, if anything does. */
export interface ArgumentSpec<Value> {
  /** As the help has it, such as `<file>` or `[path...]`. */
  readonly placeholder?: string
  readonly description: string
  /** The key of the option that says the same, such as `config`: who gives the one need not give the other. */
  readonly standsFor?: string
  /** The value, from the words after the options. */
  readonly read: (words: readonly string[]) => Value
}

/** What a command line must keep to besides its single values, checked before anything runs. */
export type Rule<Options, Argument> =
  /** At most one of the two. */
  | {
      readonly kind: 'exclude'
      readonly options: readonly [keyof Options, keyof Options]
      readonly why: string
    }
  /** The one only together with the other. */
  | {
      readonly kind: 'need'
      readonly option: keyof Options
      readonly needs: keyof Options
      readonly why: string
    }
  /** Anything else: says what is wrong. */
  | { readonly kind: 'check'; readonly fault: (options: Options, argument: Argument) => string | undefined }

/** What a command is called, takes and demands; what it does is not part of it, and is loaded when it runs. */
export interface CommandSpec<Specs extends OptionSpecs, Argument> {
  /** With that of its group before it, such as `ranges update`. */
  readonly name: string
  readonly description: string
  readonly argument: ArgumentSpec<Argument>
  readonly options: Specs
  readonly rules?: readonly Rule<OptionValues<Specs>, Argument>[]
  readonly examples: readonly string[]
}

/** The values of options that are laid down by specs. */
export type OptionValues<Specs extends OptionSpecs> = {
  readonly [Key in keyof Specs]: Specs[Key] extends OptionSpec<infer Value> ? Value : never
}

/** The options with which a command of this spec runs. */
export type OptionsOf<Spec> = Spec extends { readonly options: infer Specs extends OptionSpecs }
  ? OptionValues<Specs>
  : never

/** Takes a spec as it is, and its types with it. */
export function defineCommand<const Specs extends OptionSpecs, Argument>(
  spec: CommandSpec<Specs, Argument>,
): CommandSpec<Specs, Argument> {
  return spec
}

/** Nothing stands after the options. */
export const noArgument: ArgumentSpec<undefined> = { description: '', read: () => undefined }

/** One argument, which has to be there. */
export function one(name: string, description: string): ArgumentSpec<string> {
  // What is missing was refused before.
  return { placeholder: `<${name}>`, description, read: ([word = '']) => word }
}

/** An option's value without its flag: `portolan serve portolan.yaml`. */
export function insteadOf(option: string, name: string, description: string): ArgumentSpec<undefined> {
  return { placeholder: `[${name}]`, description, standsFor: option, read: () => undefined }
}

/** One argument or more. */
export function oneOrMore(name: string, description: string): ArgumentSpec<readonly string[]> {
  return { placeholder: `<${name}...>`, description, read: (words) => words }
}

/** Any number of arguments. */
export function any(name: string, description: string): ArgumentSpec<readonly string[]> {
  return { placeholder: `[${name}...]`, description, read: (words) => words }
}

/** How an option is typed: `dryRun` as `--dry-run`, an off-switch with `no-`. */
export function flagOf(key: string, { kind }: Pick<OptionSpec<unknown>, 'kind'>): string {
  const words = key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  return kind === 'off-switch' ? `--no-${words}` : `--${words}`
}

/** The variable that says the same as an option; `undefined` for one that deletes or overwrites. */
export function variableOf(
  { name }: { readonly name: string },
  key: string,
  option: OptionSpec<unknown>,
): string | undefined {
  if (option.destructive) return undefined
  const words = `portolan ${name} ${flagOf(key, option).slice(2)}`
  return words.replace(/[ -]/g, '_').toUpperCase()
}
