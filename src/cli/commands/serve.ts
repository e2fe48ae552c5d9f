import { printOf } from '../../adapters/node/regular-file.ts'
import type { Config } from '../../config/config.ts'
import { PortolanError } from '../../errors.ts'
import { EXIT } from '../exit-code.ts'
import { usableCores, workersOn } from '../processes/cores.ts'
import { readConfig } from '../read-config.ts'
import { runService } from '../run-service.ts'
import { createRuntime } from '../runtime.ts'
import type { ServeOptions } from './serve-spec.ts'

/** Runs the door until a signal ends it. */
export async function runServe({ config: file, shutdownDelay, workers }: ServeOptions): Promise<number> {
  const print = await printOf(file)
  const config = await readConfig(file)
  const running = await runService(
    config,
    createRuntime(config.log),
    // What came from standard input cannot be read again.
    {
      file: file === '-' ? undefined : { file, print },
      shutdownDelay,
      workers: workersFor(config, workers),
    },
  )
  await running.ended
  // A backend that still owes an answer to a probe must not keep a drained process alive.
  process.exit(EXIT.done)
}

/** Throws `USAGE` where several processes are wanted, and one can be. */
function workersFor({ cache }: Config, wanted: ServeOptions['workers']): number {
  if (cache === undefined) return workersOn(process.platform, wanted, usableCores)
  if (wanted === 'auto' || wanted === 1) return 1
  const message = `--workers ${wanted}: the folder of a mirror's cache belongs to one process; use 1, or "cache: off"`
  throw new PortolanError('USAGE', message)
}
