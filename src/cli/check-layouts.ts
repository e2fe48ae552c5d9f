import { stat } from 'node:fs/promises'
import type { Config } from '../config/config.ts'
import { type ConfigFault, formatConfigPath } from '../config/fault.ts'

/**
 * Warns of folders of image layouts that are not there: a config is often checked on another machine than the service's,
 * which does not start without them.
 */
export async function checkLayouts({ upstreams }: Config, file: string): Promise<readonly ConfigFault[]> {
  const warnings: ConfigFault[] = []
  for (const [index, { layout }] of upstreams.entries()) {
    if (layout === undefined) continue
    const found = await stat(layout).catch((error: Error) => error.message)
    if (typeof found !== 'string' && found.isDirectory()) continue
    const reason = typeof found === 'string' ? found : 'it is not a folder'
    const message = `cannot be read here (${reason}); where the service runs, it must be`
    warnings.push({ file, path: formatConfigPath(['upstreams', index, 'layout']), value: layout, message })
  }
  return warnings
}
