import type { Config } from '../../config/config.ts'
import { type ConfigFault, formatFault } from '../../config/fault.ts'
import { expandConfig, formatConfig } from '../../config/format.ts'
import { createJsonSchema } from '../../config/json-schema.ts'
import type { ParsedConfig } from '../../config/parse.ts'
import { PortolanError } from '../../errors.ts'
import { checkEndpoints } from '../check-endpoints.ts'
import { checkIdentities } from '../check-identities.ts'
import { checkLayouts } from '../check-layouts.ts'
import { checkLegacyFiles } from '../check-legacy-files.ts'
import { checkLoginFiles } from '../check-login-files.ts'
import { checkPinLists } from '../check-pin-lists.ts'
import { checkPriceTables } from '../check-price-tables.ts'
import { checkRealPlaces } from '../check-real-places.ts'
import { EXIT } from '../exit-code.ts'
import { printJson } from '../print.ts'
import { nameOf, parseConfigFile, readConfig } from '../read-config.ts'
import type { ConfigOptions } from './config-spec.ts'

/** Prints what is wrong with configs, one line a fault, or where they cannot do what they say; gives the exit code. */
export async function runConfigCheck(files: readonly string[], { json }: ConfigOptions): Promise<number> {
  if (files.filter((file) => file === '-').length > 1) {
    throw new PortolanError('USAGE', '- stands twice: standard input can be read once')
  }
  const faults: ConfigFault[] = []
  const warnings: ConfigFault[] = []
  for (const file of files) {
    const parsed = await parseOrFault(file)
    const found = await findingsOf(parsed, file)
    faults.push(...found.faults)
    warnings.push(...found.warnings)
    if (json) continue
    for (const fault of found.faults) console.error(formatFault(fault))
    for (const warning of found.warnings) console.error(`warning: ${formatFault(warning)}`)
    if ('config' in parsed && found.faults.length === 0)
      print(`${nameOf(file)}: valid; ${describeConfig(parsed.config)}`)
  }
  if (json) printJson({ faults, warnings })
  return faults.length === 0 ? EXIT.done : EXIT.wrongUsage
}

/** What is said of a config, of the files that it names, and of where its folders really are. */
async function findingsOf(
  parsed: ParsedConfig,
  file: string,
): Promise<{ faults: readonly ConfigFault[]; warnings: readonly ConfigFault[] }> {
  if ('faults' in parsed) return { faults: parsed.faults, warnings: [] }
  const name = nameOf(file)
  const { faults, warnings } = await checkIdentities(parsed.config, name, Date.now())
  const logins = await checkLoginFiles(parsed.config, name)
  const pins = await checkPinLists(parsed.config, name)
  const layouts = await checkLayouts(parsed.config, name)
  const endpoints = await checkEndpoints(parsed.config, name, Date.now())
  const legacy = await checkLegacyFiles(parsed.config, name, Date.now())
  return {
    faults: [
      ...faults,
      ...logins.faults,
      ...endpoints.faults,
      ...legacy.faults,
      ...(await checkPriceTables(parsed.config, name)),
      ...(await checkRealPlaces(parsed.config, name)),
    ],
    warnings: [
      ...parsed.warnings,
      ...warnings,
      ...logins.warnings,
      ...pins,
      ...layouts,
      ...endpoints.warnings,
      ...legacy.warnings,
    ],
  }
}

/** What cannot be read has that as its one fault: the other configs are checked all the same. */
async function parseOrFault(file: string): Promise<ParsedConfig> {
  try {
    return await parseConfigFile(file)
  } catch (error) {
    if (!(error instanceof PortolanError) || error.code !== 'FILE_UNREADABLE') throw error
    return { faults: [{ file: nameOf(file), path: '', message: `cannot be read: ${error.facts.reason}` }] }
  }
}

function describeConfig({ delivery, registries, upstreams, stores, routing }: Config): string {
  const mirrored = delivery === 'relay' ? `a mirror; registries: ${registries.length}, ` : ''
  return `${mirrored}upstreams: ${upstreams.length}, stores: ${stores.length}, rules: ${routing.length}`
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
