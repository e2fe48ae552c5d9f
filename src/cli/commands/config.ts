import { formatFault } from '../../config/fault.ts'
import { expandConfig, formatConfig } from '../../config/format.ts'
import { createJsonSchema } from '../../config/json-schema.ts'
import { EXIT } from '../exit-code.ts'
import { parseConfigFile, readConfig } from '../read-config.ts'

/** Prints what is wrong with a config, one line a fault; gives the exit code. */
export async function runConfigCheck(file: string, { json }: { json?: boolean }): Promise<number> {
  const parsed = await parseConfigFile(file)
  const faults = 'faults' in parsed ? parsed.faults : []
  if (json) print(JSON.stringify({ faults }, null, 2))
  else for (const fault of faults) console.error(formatFault(fault))
  if ('config' in parsed && !json) {
    const { upstreams, stores, routing } = parsed.config
    print(
      `${file}: valid; upstreams: ${upstreams.length}, stores: ${stores.length}, rules: ${routing.length}`,
    )
  }
  return faults.length === 0 ? EXIT.done : EXIT.wrongUsage
}

/** Prints a config with every default written out and the environment's values in place. */
export async function runConfigShow(file: string, { json }: { json?: boolean }): Promise<void> {
  const config = await readConfig(file)
  print(json ? JSON.stringify(expandConfig(config), null, 2) : formatConfig(config).trimEnd())
}

/** Prints the JSON Schema of a config. */
export function runConfigSchema(): void {
  print(JSON.stringify(createJsonSchema(), null, 2))
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
