import type { Config } from '../../src/config/config.ts'
import { formatFault } from '../../src/config/fault.ts'
import { parseConfig } from '../../src/config/parse.ts'

/** A config from what an operator would write, given as a value; throws with what is wrong with it. */
export function configOf(value: object): Config {
  const text = JSON.stringify({ version: 1, ...value })
  const parsed = parseConfig(text, { environment: {}, baseFolder: '/', fileName: 'test' })
  if ('config' in parsed) return parsed.config
  throw new Error(parsed.faults.map(formatFault).join('\n'))
}
