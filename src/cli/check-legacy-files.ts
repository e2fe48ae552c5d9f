import { createLegacyStorage } from '../adapters/legacy/legacy-storage.ts'
import type { Config } from '../config/config.ts'
import { type ConfigFault, formatConfigPath } from '../config/fault.ts'
import { PortolanError } from '../errors.ts'
import { openLegacy } from '../server/legacy/legacy-plan.ts'
import { remarksOnLegacy } from '../server/legacy/legacy-remarks.ts'
import { silentLog } from '../telemetry/log.ts'
import { commandRuntime } from './command-runtime.ts'

/**
 * Looks at the files of an old name: whether they can be read, whether the schedule changes what has begun, and which
 * phases are held back at `now`, in milliseconds since 1970.
 */
export async function checkLegacyFiles(
  config: Config,
  file: string,
  now: number,
): Promise<{ readonly faults: readonly ConfigFault[]; readonly warnings: readonly ConfigFault[] }> {
  const runtime = { after: commandRuntime.after, legacy: createLegacyStorage(), log: silentLog }
  try {
    const plan = await openLegacy(config, runtime, {})
    const remarks = plan === undefined ? [] : remarksOnLegacy(plan, now)
    const warnings = remarks.map(({ path, message }) => ({ file, path: formatConfigPath(path), message }))
    return { faults: [], warnings }
  } catch (error) {
    if (!(error instanceof PortolanError) || error.code !== 'CONFIG_INVALID') throw error
    return { faults: [{ file, path: 'legacy', message: error.message }], warnings: [] }
  }
}
