import type { Config } from '../../src/config/config.ts'
import { loadConfig } from '../../src/config/load.ts'

/** A config from what an operator would write, given as a value; throws with what is wrong with it. */
export function configOf(value: object): Config {
  return loadConfig({ version: 1, ...value })
}
