import type { Config } from '../../config/config.ts'
import { type ConfigFault, formatFault } from '../../config/fault.ts'
import { expandConfig, formatConfig } from '../../config/format.ts'
import { createJsonSchema } from '../../config/json-schema.ts'
import { EXIT } from '../exit-code.ts'
import { printJson } from '../print.ts'
import { parseConfigFile, readConfig } from '../read-config.ts'
import type { ConfigOptions } from './config-spec.ts'

/** Prints what is wrong with configs, one line a fault; gives the exit code. */
export async function runConfigCheck(files: readonly string[], { json }: ConfigOptions): Promise<number> {
  const faults: ConfigFault[] = []
  for (const file of files) {
    const parsed = await parseConfigFile(file)
    if ('faults' in parsed) faults.push(...parsed.faults)
    if (json) continue
    if ('faults' in parsed) for (const fault of parsed.faults) console.error(formatFault(fault))
    else print(`${file}: valid; ${describeConfig(parsed.config)}`)
  }
  if (json) printJson({ faults })
  return faults.length === 0 ? EXIT.done : EXIT.wrongUsage
}

function describeConfig({ upstreams, stores, routing }: Config): string {
  return `upstreams: ${upstreams.length}, stores: ${stores.length}, rules: ${routing.length}`
}

/** Prints a config with every default written out and the environment's values in place. */
export async function runConfigShow(file: string, { json }: ConfigOptions): Promise<number> {
  const config = await readConfig(file)
  print(json ? JSON.stringify(expandConfig(config), null, 2) : formatConfig(config).trimEnd())
  return EXIT.done
}

/** Prints the JSON Schema of a config. */
export function runConfigSchema(): number {
  print(JSON.stringify(createJsonSchema(), null, 2))
  return EXIT.done
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
