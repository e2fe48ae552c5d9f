import type { Config } from '../../config/config.ts'
import { formatFault } from '../../config/fault.ts'
import { type ParsedConfig, parseConfig } from '../../config/parse.ts'
import { PortolanError } from '../../errors.ts'
import type { KeyValueStore } from './bindings.ts'

/** Where a worker's config is. */
export interface ConfigSourceOptions {
  /** YAML or JSON that comes with the worker. */
  readonly config?: string
  /** What `${NAME}` in it stands for; only what is text counts. */
  readonly environment?: object
  readonly kv?: KeyValueStore | undefined
}

/** Under this key a config in KV is looked for; it goes before the one that comes with the worker. */
export const CONFIG_KEY = 'portolan.yaml'

/** Under this key the scheduled checks keep the last config from KV that was good, for isolates that begin later. */
export const GOOD_CONFIG_KEY = 'portolan/config/good'

/** What a config may have in KV, in characters. */
const LENGTH_MAX = 2_000_000

/** A config as it was found, and by what faults name it. */
export interface FoundConfig {
  readonly text: string
  readonly from: ConfigOrigin
}

export type ConfigOrigin = 'KV' | 'what was good in KV' | 'the worker'

/** Looks for the config, in KV first. Rejects with `FILE_UNREADABLE` where there is none, or KV does not answer. */
export async function findConfig({ config, kv }: ConfigSourceOptions): Promise<FoundConfig> {
  const text = kv === undefined ? null : await readKey(kv, CONFIG_KEY)
  if (text !== null) return { text, from: 'KV' }
  if (config !== undefined) return { text: config, from: 'the worker' }
  const where = kv === undefined ? 'give one to createWorkerDoor' : `KV has no ${CONFIG_KEY}`
  throw new PortolanError('FILE_UNREADABLE', `there is no config: ${where}`)
}

/** By what a door can begin when the config cannot be used, the best first. */
export async function* findOtherConfigs({ config, kv }: ConfigSourceOptions): AsyncGenerator<FoundConfig> {
  if (kv === undefined) return
  const text = await readKey(kv, GOOD_CONFIG_KEY).catch(() => null)
  if (text !== null) yield { text, from: 'what was good in KV' }
  if (config !== undefined) yield { text: config, from: 'the worker' }
}

async function readKey(kv: KeyValueStore, key: string): Promise<string | null> {
  let text: string | null
  try {
    text = await kv.get(key)
  } catch (cause) {
    throw new PortolanError('FILE_UNREADABLE', `KV does not give ${key}: ${cause}`, {}, cause)
  }
  if (text === null || text.length <= LENGTH_MAX) return text
  const message = `${key} in KV has ${text.length} characters; ${LENGTH_MAX} are allowed`
  throw new PortolanError('FILE_UNREADABLE', message)
}

/** Keeps a config from KV that is in force. Rejects where KV does not take it. */
export async function keepGoodConfig(kv: KeyValueStore, text: string): Promise<void> {
  if ((await kv.get(GOOD_CONFIG_KEY)) !== text) await kv.put(GOOD_CONFIG_KEY, text)
}

/** Reads a config for a worker. Throws `CONFIG_INVALID` with one line for each fault; `facts.faults` has the lines. */
export function readConfig(
  { text, from }: FoundConfig,
  { environment = {}, kv }: ConfigSourceOptions,
): Config {
  const fileName = from === 'KV' ? `KV:${CONFIG_KEY}` : from === 'the worker' ? CONFIG_KEY : GOOD_CONFIG_KEY
  const parsed = parseConfig(text, { environment: textsOf(environment), baseFolder: '', fileName })
  const faults = faultsOf(parsed, kv !== undefined)
  if ('config' in parsed && faults.length === 0) return parsed.config
  throw new PortolanError('CONFIG_INVALID', faults.join('\n'), { faults })
}

/** What is wrong with it anywhere, or asks for what a worker has not. */
function faultsOf(parsed: ParsedConfig, hasStore: boolean): readonly string[] {
  if (!('config' in parsed)) return parsed.faults.map(formatFault)
  const { upstreams, clouds, ca } = parsed.config
  const onDisk = [
    ...upstreams.flatMap(({ id, layout }) => (layout === undefined ? [] : [`layout of the upstream ${id}`])),
    ...(clouds.refresh === undefined ? [] : ['clouds.refresh']),
    ...(ca === undefined ? [] : ['ca']),
  ]
  const faults = onDisk.map((what) => `${what} needs a disk, which a worker has not`)
  if (clouds.snapshot !== undefined && !hasStore)
    faults.push('clouds.snapshot is a key in KV for a worker, and this one was given no KV namespace')
  return faults
}

function textsOf(environment: object): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  )
}
