import { type Refusal, refused } from '../../config/refusal.ts'

/** Reads a text of the command line or of a variable, or says what it must be. */
export interface ReadText<Value> {
  (text: string): Value | Refusal
  /** All that there is, where it is one of some words. */
  readonly choices?: readonly string[]
}

/** One option of a command: all that is needed to parse it, to explain it, and to know the type of its value. */
export interface OptionSpec<Value> {
  /** A switch takes no value; an off-switch (`--no-geo` for the key `geo`) is one that is on unless it is given. */
  readonly kind: 'switch' | 'off-switch' | 'value' | 'list'
  readonly description: string
  /** What stands for the value in the help, such as `<file>`. */
  readonly placeholder?: string
  /** The short form, such as `-c`. */
  readonly short?: string
  /** Deletes or overwrites: given on the command line each time, never by the environment. */
  readonly destructive?: boolean
  readonly choices?: readonly string[]
  /** The default as it would be typed, for the help. */
  readonly presetText?: string
  /** The value of one that is not given; refused for one that has to be. */
  readonly absent: Value | Refusal
  /** The value of one that is given, by the texts after it: none for a switch, the last counts for a value. */
  readonly read: (texts: readonly string[]) => Value | Refusal
}

interface More {
  readonly short?: string
  readonly destructive?: boolean
}

/** `--json`: true when given. */
export function switchOption(description: string, more: Pick<More, 'destructive'> = {}): OptionSpec<boolean> {
  return { kind: 'switch', description, ...more, absent: false, read: () => true }
}

/** `--no-geo` under the key `geo`: false when given. */
export function offSwitch(description: string): OptionSpec<boolean> {
  return { kind: 'off-switch', description, absent: true, read: () => false }
}

/** An option with a value, which need not be given. */
export function value<Value>(
  placeholder: string,
  description: string,
  read: ReadText<Value>,
  more: More = {},
): OptionSpec<Value | undefined> {
  return { ...valueOption(placeholder, description, read), ...more, absent: undefined }
}

/** An option with a value and a default: `preset`, which is typed as `text`. */
export function valueOr<Value>(
  placeholder: string,
  description: string,
  read: ReadText<Value>,
  [text, preset]: readonly [text: string, preset: NoInfer<Value>],
): OptionSpec<Value> {
  return { ...valueOption(placeholder, description, read), presetText: text, absent: preset }
}

/** An option whose value is taken as it stands, with a default. */
export function textOr(placeholder: string, description: string, preset: string): OptionSpec<string> {
  return valueOr(placeholder, description, asText, [preset, preset])
}

/** An option without whose value the command does not run. */
export function requiredValue<Value>(
  placeholder: string,
  description: string,
  read: ReadText<Value>,
  more: Pick<More, 'short'> = {},
): OptionSpec<Value> {
  return { ...valueOption(placeholder, description, read), ...more, absent: refused('is required') }
}

/** Several values: one after the other or each with the flag; in a variable, with blanks between them. */
export function list(
  placeholder: string,
  description: string,
  read: ReadText<string> = asText,
): OptionSpec<readonly string[] | undefined> {
  return {
    kind: 'list',
    placeholder,
    description,
    absent: undefined,
    read(texts) {
      const values: string[] = []
      for (const text of texts) {
        const one = read(text)
        if (typeof one !== 'string') return one
        values.push(one)
      }
      return values
    },
  }
}

/** Takes any text as it stands. */
export const asText: ReadText<string> = (text) => text

/** Takes one of some words. */
export function oneOf<const Word extends string>(words: readonly Word[]): ReadText<Word> {
  const read = (text: string) =>
    words.find((word) => word === text) ?? refused(`must be one of ${words.join(', ')}`)
  return Object.assign(read, { choices: words })
}

/** Takes a whole number between two. */
export function wholeNumber(least: number, most: number): ReadText<number> {
  return (text) => {
    const number = /^[0-9]{1,9}$/.test(text) ? Number(text) : Number.NaN
    return number >= least && number <= most
      ? number
      : refused(`must be a whole number from ${least} to ${most}`)
  }
}

function valueOption<Value>(placeholder: string, description: string, read: ReadText<Value>) {
  return {
    kind: 'value',
    placeholder,
    description,
    ...(read.choices && { choices: read.choices }),
    // Of one that is given twice, the last counts.
    read: (texts: readonly string[]) => read(texts.at(-1)!),
  } as const
}
