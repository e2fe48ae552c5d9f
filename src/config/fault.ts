import { isPrivateKey } from './public-key.ts'

/** Where a value stands in a config: keys, and indexes of lists. */
export type ConfigPath = readonly (string | number)[]

/** What is wrong at one place of a config, before it is tied to the text of a file. */
export interface Finding {
  readonly path: ConfigPath
  /** What is wrong and what is allowed, in words that follow the value. */
  readonly message: string
  /** The key itself is at fault and not its value. */
  readonly key?: boolean
}

/** One reason why a config is refused. */
export interface ConfigFault {
  readonly file: string
  /** Such as `stores[1].url`; empty when the whole file is meant. */
  readonly path: string
  /** What stands there, credentials blanked out; absent for a map, and for what is missing. */
  readonly value?: unknown
  readonly message: string
  /** Both from 1; absent when the text cannot be pointed at. */
  readonly line?: number
  readonly column?: number
}

/** How much of a value a line repeats. */
const VALUE_MAX = 120

/** One line: `config.yaml:12:9 stores[1].url: "ftp://x": must be an http or https URL`. */
export function formatFault({ file, path, value, message, line, column }: ConfigFault): string {
  const where = line === undefined ? file : `${file}:${line}:${column}`
  return [
    `${where}${path === '' ? '' : ` ${path}`}`,
    ...(value === undefined ? [] : [excerpt(value)]),
    message,
  ]
    .join(': ')
    .replace(/\s*\n\s*/g, ' ')
}

/** Writes a path: `stores[1].url`. */
export function formatConfigPath(path: ConfigPath): string {
  let text = ''
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`
    else if (/^[\w-]+$/.test(step)) text += text === '' ? step : `.${step}`
    else text += `[${JSON.stringify(step)}]`
  }
  return text
}

/** What a fault may repeat of a value: scalars and lists of them, and nobody's password or private key. */
export function valueForFault(value: unknown): unknown {
  if (typeof value === 'string') return isPrivateKey(value) ? '***' : value.replace(/:\/\/.*@/s, '://***@')
  if (Array.isArray(value)) return value.every(isScalar) ? value.map(valueForFault) : undefined
  return isScalar(value) ? value : undefined
}

function isScalar(value: unknown): boolean {
  return value !== undefined && (typeof value !== 'object' || value === null)
}

function excerpt(value: unknown): string {
  const text = JSON.stringify(value)
  return text.length <= VALUE_MAX ? text : `${text.slice(0, VALUE_MAX)}…`
}
