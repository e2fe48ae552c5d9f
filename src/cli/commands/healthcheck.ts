import { askAdmin } from '../ask-admin.ts'
import { EXIT } from '../exit-code.ts'
import { printJson } from '../print.ts'
import { readConfig } from '../read-config.ts'
import type { HealthcheckOptions } from './healthcheck-spec.ts'

/** In milliseconds since the process began: whoever asks for health gives up soon after. */
const LIMIT = 2000
/** What is left for the answer at least, should the start have taken that long. */
const LEAST = 250

/** Asks the admin service of a config how it is; gives the exit code, 1 where it answers anything but 200. */
export async function runHealthcheck({ config: file, ready, json }: HealthcheckOptions): Promise<number> {
  const config = await readConfig(file)
  const timeout = Math.max(LEAST, Math.round(LIMIT - performance.now()))
  const { url, status, said } = await askAdmin(config, ready ? '/readyz' : '/healthz', timeout)
  const isHealthy = status === 200
  if (json) printJson({ url, answered: status, healthy: isHealthy, said })
  else process.stdout.write(`${url} answered ${status}${describe(said)}\n`)
  return isHealthy ? EXIT.done : EXIT.failed
}

function describe({ status, why, problem }: Readonly<Record<string, unknown>>): string {
  const parts = [status, why, problem].filter((part) => typeof part === 'string')
  return parts.length === 0 ? '' : `: ${parts.join(', ')}`
}
