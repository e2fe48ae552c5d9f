import type { Config } from '../config/config.ts'
import { type ConfigFault, formatConfigPath } from '../config/fault.ts'
import { PortolanError } from '../errors.ts'
import { PublishedEndpoints } from '../server/published-endpoints.ts'
import { readTextFile } from './text-file.ts'

/**
 * Looks at the published endpoints that a config names: whether they are signed and hold, and which backends get no
 * clients by them on the day of `now`, in milliseconds since 1970.
 */
export async function checkEndpoints(
  config: Config,
  file: string,
  now: number,
): Promise<{ readonly faults: readonly ConfigFault[]; readonly warnings: readonly ConfigFault[] }> {
  try {
    const runtime = { readText: readTextFile, date: () => new Date(now) }
    const endpoints = await PublishedEndpoints.open(config, runtime)
    const remarks = endpoints?.remarksOn(config, now) ?? []
    const warnings = remarks.map(({ path, message }) => ({ file, path: formatConfigPath(path), message }))
    return { faults: [], warnings }
  } catch (error) {
    if (!(error instanceof PortolanError) || error.code !== 'CONFIG_INVALID') throw error
    return { faults: [{ file, path: 'endpoints', message: error.message }], warnings: [] }
  }
}
