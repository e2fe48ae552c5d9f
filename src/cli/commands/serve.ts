import { printOf } from '../../adapters/node/regular-file.ts'
import { EXIT } from '../exit-code.ts'
import { usableCores, workersFor, workersOn } from '../processes/cores.ts'
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
      workers: workersOn(process.platform, workersFor(config, workers), usableCores),
    },
  )
  await running.ended
  // A backend that still owes an answer to a probe must not keep a drained process alive.
  process.exit(EXIT.done)
}
