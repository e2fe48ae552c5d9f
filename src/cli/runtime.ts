import packageFile from '../../package.json' with { type: 'json' }
import { JsonLog } from '../adapters/json-log.ts'
import { createDoorRuntime } from '../adapters/node/door-runtime.ts'
import { forwardLines } from '../adapters/node/forward-lines.ts'
import { LineOutput } from '../adapters/node/line-output.ts'
import type { LogConfig } from '../config/config.ts'
import type { DoorRuntime } from '../server/runtime.ts'
import { levelOf } from './print.ts'

/** A process as a runtime. */
export interface ProcessRuntime extends DoorRuntime {
  /** Changes which lines are written from now on. */
  setLevel(level: LogConfig['level']): void
  /** Settles when what was logged is written, or a reader that has stalled has had its time. */
  flush(): Promise<void>
  /** Writes another process's lines between its own, each whole; settles when there are no more. Never rejects. */
  forward(lines: AsyncIterable<Uint8Array>): Promise<void>
  /** How many log lines were dropped since their reader did not keep up. */
  droppedLines(): number
}

/** How long a process that ends waits for who reads its log, in milliseconds. */
const FLUSH = 500

/** Lends the process's own clock, network, disk and standard output (one JSON object a line) to a service. */
export function createRuntime({ level }: LogConfig): ProcessRuntime {
  const output = openOutput()
  const log = new JsonLog((line) => output.write(line), levelOf(level))
  return {
    ...createDoorRuntime({ log, userAgent: `portolan/${packageFile.version}` }),
    setLevel: (level) => log.setLevel(levelOf(level)),
    flush: () => output.flush(FLUSH),
    forward: (lines) => forwardLines(lines, output),
    droppedLines: () => output.dropped,
  }
}

function openOutput(): LineOutput {
  const { stdout } = process
  const output = new LineOutput(stdout, (dropped) => {
    const msg = 'log lines were dropped: their reader did not keep up'
    return `${JSON.stringify({ level: 'warn', time: new Date().toISOString(), dropped, msg })}\n`
  })
  // A reader that is gone is no reason to stop serving.
  stdout.on('error', () => {})
  process.once('exit', () => output.flushNow())
  return output
}
