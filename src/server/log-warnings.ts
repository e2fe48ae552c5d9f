import type { Backends } from '../backends/backends.ts'
import type { Config } from '../config/config.ts'
import { formatConfigPath } from '../config/fault.ts'
import { warningsOf } from '../config/warnings.ts'
import type { Log } from '../telemetry/log.ts'

/** How many backends one line names. */
const NAMED_MAX = 10

/** Warns where a config cannot do what it says; `placesAreGiven` where the runtime knows the places of clients. */
export function logWarnings(log: Log, config: Config, placesAreGiven: boolean): void {
  for (const { path, message } of warningsOf(config, placesAreGiven)) {
    log.warn({ path: formatConfigPath(path), problem: message }, 'the config cannot do all that it says')
  }
}

/** Says it loudly when backends were tried and none of them may get clients. */
export function logUnusable(log: Log, { all }: Backends): void {
  if (all.some(({ isUsable }) => isUsable)) return
  // A door that ended before it had tried anything has nothing to say.
  const why = all.flatMap(({ id, state: { health, ownership } }) => {
    const failure = health.lastFailure ?? ownership.why
    return failure === undefined ? [] : [`${id}: ${failure}`]
  })
  if (why.length === 0) return
  const fields = { backends: all.length, why: why.slice(0, NAMED_MAX) }
  log.error(fields, 'every backend is down: no pull will work until one is back')
}
