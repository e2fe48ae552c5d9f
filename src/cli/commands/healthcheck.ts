import { askAdmin } from '../ask-admin.ts'
import { EXIT } from '../exit-code.ts'
import { printJson } from '../print.ts'
import { readConfig } from '../read-config.ts'
import type { HealthcheckOptions } from './healthcheck-spec.ts'

/** What is left for the answer at least, should the start have taken all of the time, in milliseconds. */
const LEAST = 250

/** Asks the admin service of a config how it is; gives the exit code, 1 where it answers anything but 200. */
export async function runHealthcheck(options: HealthcheckOptions): Promise<number> {
  const { config: file, ready, timeout, json } = options
  const config = await readConfig(file)
  // Since the process began.
  const left = Math.max(LEAST, Math.round(timeout - performance.now()))
  const { url, status, said } = await askAdmin(config, ready ? '/readyz' : '/healthz', left)
  const isHealthy = status === 200
  if (json) printJson({ url, answered: status, healthy: isHealthy, said })
  else process.stdout.write(`${url} answered ${status}${describe(said)}\n`)
  return isHealthy ? EXIT.done : EXIT.failed
}

function describe({ status, why, problem }: Readonly<Record<string, unknown>>): string {
  const parts = [status, why, problem].filter((part) => typeof part === 'string')
  return parts.length === 0 ? '' : `: ${parts.join(', ')}`
}
