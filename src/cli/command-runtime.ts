import packageFile from '../../package.json' with { type: 'json' }
import { createNodeRuntime } from '../adapters/node/runtime.ts'
import type { Runtime } from '../runtime.ts'
import { silentLog } from '../telemetry/log.ts'

/** What this process lends to a command: its clock, chance and network. Commands say what they have to say themselves. */
export const commandRuntime: Runtime = createNodeRuntime({
  log: silentLog,
  userAgent: `portolan/${packageFile.version}`,
})
