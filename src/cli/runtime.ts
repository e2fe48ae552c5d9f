import { destination, pino } from 'pino'
import packageFile from '../../package.json' with { type: 'json' }
import { createNodeRuntime } from '../adapters/node/runtime.ts'
import { readSnapshotFile, writeSnapshotFile } from '../adapters/ranges/snapshot-file.ts'
import { updateInWorker } from '../adapters/ranges/update-in-worker.ts'
import type { LogConfig } from '../config/config.ts'
import type { ServiceRuntime } from '../server/create.ts'
import { openImageLayout } from '../storage/fs/image-layout.ts'

/** A process as a runtime. */
export interface ProcessRuntime extends ServiceRuntime {
  /** Changes which lines are written from now on. */
  setLevel(level: LogConfig['level']): void
  /** Writes out what was logged. */
  flush(): void
}

/** Lends the process's own clock, network, disk and standard output (one JSON object a line) to a service. */
export function createRuntime({ level }: LogConfig): ProcessRuntime {
  // Lines are gathered and written when 4 KiB are full or after a quarter of a second, not one system call each.
  const output = destination({ fd: 1, sync: false, minLength: 4096, periodicFlush: 250 })
  const log = pino({ level, base: null, timestamp: () => `,"time":"${new Date().toISOString()}"` }, output)
  const runtime = createNodeRuntime({ log, userAgent: `portolan/${packageFile.version}` })
  return {
    ...runtime,
    openLayout: (folder) =>
      openImageLayout(folder, {
        runtime,
        report: (problem) => log.warn({ ...problem.facts, code: problem.code }, problem.message),
      }),
    setLevel(level) {
      log.level = level
    },
    ranges: { read: readSnapshotFile, write: writeSnapshotFile, update: updateInWorker },
    flush: () => output.flushSync(),
  }
}
