import { formatFault } from '../../config/fault.ts'
import { expandConfig, formatConfig } from '../../config/format.ts'
import { createJsonSchema } from '../../config/json-schema.ts'
import { EXIT } from '../exit-code.ts'
import { printJson } from '../print.ts'
import { parseConfigFile, readConfig } from '../read-config.ts'
import type { ConfigOptions } from './config-spec.ts'

/** Prints what is wrong with a config, one line a fault, or where it cannot do what it says; gives the exit code. */
export async function runConfigCheck(file: string, { json }: ConfigOptions): Promise<number> {
  const parsed = await parseConfigFile(file)
  const faults = 'faults' in parsed ? parsed.faults : []
  const warnings = 'warnings' in parsed ? parsed.warnings : []
  if (json) printJson({ faults, warnings })
  else {
    for (const fault of faults) console.error(formatFault(fault))
    for (const warning of warnings) console.error(`warning: ${formatFault(warning)}`)
  }
  if ('config' in parsed && !json) {
    const { upstreams, stores, routing } = parsed.config
    print(
      `${file}: valid; upstreams: ${upstreams.length}, stores: ${stores.length}, rules: ${routing.length}`,
    )
  }
  return faults.length === 0 ? EXIT.done : EXIT.wrongUsage
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
