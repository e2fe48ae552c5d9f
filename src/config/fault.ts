import { isPrivateKey } from './public-key.ts'

/** Where a value stands in a config: keys, and indexes of lists. */
export type ConfigPath = readonly (string | number)[]

/** What is wrong at one place of a config, before it is tied to the text of a file. */
export interface Remark {
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
  if (typeof value === 'string') return isPrivateKey(value) ? '***' : withoutSecrets(value)
  if (Array.isArray(value)) return value.every(isScalar) ? value.map(valueForFault) : undefined
  return isScalar(value) ? value : undefined
}

/** Parameters of a query that are no secret; a signature, a token or a key may have any other name. */
const OPEN_PARAMETERS = /^(?:n|last|ns|artifactType|version|api-version|restype|comp|alt|format)$/

/** A URL without the user that it names, and without what its query says. */
function withoutSecrets(text: string): string {
  const shown = text.replace(/:\/\/.*@/s, '://***@')
  if (!shown.includes('://')) return shown
  return shown.replace(/([?&;])([^=&;#\s]*)=([^&;#\s]*)/g, (whole, mark, name) =>
    OPEN_PARAMETERS.test(name) ? whole : `${mark}${name}=***`,
  )
}

function isScalar(value: unknown): boolean {
  return value !== undefined && (typeof value !== 'object' || value === null)
}

function excerpt(value: unknown): string {
  const text = JSON.stringify(value)
  return text.length <= VALUE_MAX ? text : `${text.slice(0, VALUE_MAX)}…`
}
