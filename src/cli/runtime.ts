import { pino } from 'pino'
import packageFile from '../../package.json' with { type: 'json' }
import { systemClock } from '../adapters/clock.ts'
import { LineOutput } from '../adapters/node/line-output.ts'
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
  /** Settles when what was logged is written, or a reader that has stalled has had its time. */
  flush(): Promise<void>
  /** How many log lines were dropped since their reader did not keep up. */
  droppedLines(): number
}

/** How long a process that ends waits for who reads its log, in milliseconds. */
const FLUSH = 500
const WARN = 40

/** Lends the process's own clock, network, disk and standard output (one JSON object a line) to a service. */
export function createRuntime({ level }: LogConfig): ProcessRuntime {
  const output = openOutput()
  const log = pino({ level, base: null, timestamp: () => `,"time":"${new Date().toISOString()}"` }, output)
  return {
    ...createNodeRuntime({ log, userAgent: `portolan/${packageFile.version}` }),
    openLayout: (folder) =>
      openImageLayout(folder, {
        clock: systemClock,
        report: (problem) => log.warn({ ...problem.facts, code: problem.code }, problem.message),
      }),
    setLevel(level) {
      log.level = level
    },
    ranges: { read: readSnapshotFile, write: writeSnapshotFile, update: updateInWorker },
    flush: () => output.flush(FLUSH),
    droppedLines: () => output.dropped,
  }
}

function openOutput(): LineOutput {
  const { stdout } = process
  const output = new LineOutput(stdout, (dropped) => {
    const msg = 'log lines were dropped: their reader did not keep up'
    return `${JSON.stringify({ level: WARN, time: new Date().toISOString(), dropped, msg })}\n`
  })
  // A reader that is gone is no reason to stop serving.
  stdout.on('error', () => {})
  process.once('exit', () => output.flushNow())
  return output
}
