import { EXIT } from '../exit-code.ts'
import { readConfig } from '../read-config.ts'
import { runService } from '../run-service.ts'
import { createRuntime } from '../runtime.ts'
import { usableCores, workersOn } from '../workers/cores.ts'
import { WORKER_VARIABLE } from '../workers/own-command.ts'
import type { ServeOptions } from './serve-spec.ts'

/** Runs the door until a signal ends it. */
export async function runServe({ config: file, shutdownDelay, workers }: ServeOptions): Promise<number> {
  if (process.env[WORKER_VARIABLE] === '1') return (await import('../workers/run-worker.ts')).runWorker()
  const config = await readConfig(file)
  const running = await runService(
    config,
    createRuntime(config.log),
    // What came from standard input cannot be read again.
    {
      file: file === '-' ? undefined : file,
      shutdownDelay,
      workers: workersOn(process.platform, workers, usableCores),
    },
  )
  await running.ended
  // A backend that still owes an answer to a probe must not keep a drained process alive.
  process.exit(EXIT.done)
}
