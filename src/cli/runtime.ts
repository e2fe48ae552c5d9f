import { destination, pino } from 'pino'
import packageFile from '../../package.json' with { type: 'json' }
import { createDoorRuntime } from '../adapters/node/door-runtime.ts'
import type { LogConfig } from '../config/config.ts'
import type { DoorRuntime } from '../server/runtime.ts'

/** A process as a runtime. */
export interface ProcessRuntime extends DoorRuntime {
  /** Changes which lines are written from now on. */
  setLevel(level: LogConfig['level']): void
  /** Writes out what was logged. */
  flush(): void
}

/** Lends the process's own clock, network, disk and standard output (one JSON object a line) to a service. */
export function createRuntime({ level }: LogConfig): ProcessRuntime {
  // Lines are gathered and written when 4 KiB are full or after a quarter of a second, not one system call each.
  const output = destination({ fd: 1, sync: false, minLength: 4096, periodicFlush: 250 })
  const log = pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      // Whoever reads a line need not know what pino numbers levels by.
      formatters: { level: (word) => ({ level: word }) },
    },
    output,
  )
  return {
    ...createDoorRuntime({ log, userAgent: `portolan/${packageFile.version}` }),
    setLevel(level) {
      log.level = level
    },
    flush: () => output.flushSync(),
  }
}
