import type { Backends } from '../backends/backends.ts'
import { formatConfigPath, type Remark } from '../config/fault.ts'
import type { Log } from '../telemetry/log.ts'

/** How many backends one line names. */
const NAMED_MAX = 10

/** How many warnings get a line. */
const WARNINGS_MAX = 100

/** Warns where a config cannot do what it says. */
export function logWarnings(log: Log, warnings: readonly Remark[]): void {
  for (const { path, message } of warnings.slice(0, WARNINGS_MAX)) {
    log.warn({ path: formatConfigPath(path), problem: message }, 'the config cannot do all that it says')
  }
  const more = warnings.length - WARNINGS_MAX
  if (more > 0) log.warn({ more }, 'the config cannot do more than that: portolan config check says what')
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
