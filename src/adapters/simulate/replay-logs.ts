import { PortolanError } from '../../errors.ts'
import { type LogReport, LogTally } from '../../simulate/log-report.ts'
import { detectFormat, formatOf, LOG_FORMATS } from '../../simulate/logs/formats.ts'
import { isList, type LineChunk, LineChunks, ListToLines } from '../../simulate/logs/line-chunks.ts'
import type { FormatId, LogFormat } from '../../simulate/logs/logged-request.ts'
import { TOO_LONG } from '../../simulate/logs/read-chunk.ts'
import type { ReplaySetup } from '../../simulate/open-replay.ts'
import type { ReplayState } from '../../simulate/replay.ts'
import { readLogBytes } from './log-bytes.ts'
import { ReplayThreads } from './replay-threads.ts'

/** A log that is to be replayed. */
export interface LogSource {
  /** As it is reported. */
  readonly name: string
  /** Its bytes; `onBytes` is told how many were read of what is on disk. */
  readonly pieces: (onBytes: (count: number) => void) => AsyncIterable<Uint8Array>
}

/** The log in a file, or from standard input for `-`. */
export function logFile(file: string): LogSource {
  return { name: file, pieces: (onBytes) => readLogBytes(file, onBytes) }
}

export interface ReplayOptions {
  /** Of all the logs; absent to find out of each. */
  readonly format?: FormatId
  readonly threads: number
  /** Told of bytes that were read, packed as they are, and of lines. */
  readonly onProgress: (bytes: number, lines: number) => void
}

/** What stood in the logs, and what policies make of it. */
export interface Replayed {
  readonly logs: readonly LogReport[]
  readonly state: ReplayState
  /** Whether there were more requests than duplicates can be told among. */
  readonly forgetsDuplicates: boolean
}

/** So many lines at the beginning of a log say in which form it is. */
const FIRST_LINES = 200

/**
 * Replays logs, one after the other, in threads. Throws `FILE_UNREADABLE`, and `CONTENT_INVALID` for a file that is no log
 * of a form that is known.
 */
export async function replayLogs(
  logs: readonly LogSource[],
  setup: ReplaySetup,
  options: ReplayOptions,
): Promise<Replayed> {
  const threads = new ReplayThreads(setup, options.threads)
  try {
    const tallies: LogTally[] = []
    for (const log of logs) {
      const tally = new LogTally(log.name)
      tallies.push(tally)
      await sendLog(log, threads, tally, options)
    }
    const state = await threads.end()
    const { forgetsDuplicates } = threads
    return { logs: tallies.map(({ report }) => report), state, forgetsDuplicates }
  } finally {
    await threads[Symbol.asyncDispose]()
  }
}

async function sendLog(
  { name, pieces }: LogSource,
  threads: ReplayThreads,
  tally: LogTally,
  { format: forced, onProgress }: ReplayOptions,
): Promise<void> {
  let format = forced === undefined ? undefined : formatOf(forced)
  let header: string | undefined
  for await (const { bytes, tooLong } of linesOf(pieces((count) => onProgress(count, 0)))) {
    format ??= detect(name, bytes)
    tally.use(format.id)
    // Its memory goes to the thread.
    const next = lastHeader(bytes, format) ?? header
    await threads.send({
      bytes,
      format: format.id,
      ...(header !== undefined && { header }),
      onRead(read, duplicates) {
        if (tooLong > 0) tally.skip(tooLong, TOO_LONG)
        tally.add(read, duplicates)
        onProgress(0, read.lines)
      },
    })
    header = next
  }
}

/** The last line of a chunk that says what the fields of the following ones are. */
function lastHeader(bytes: Uint8Array, { header }: LogFormat): string | undefined {
  if (header === undefined) return undefined
  const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const start = chunk.lastIndexOf(`\n${header}`) + 1
  const end = chunk.indexOf('\n', start)
  const line = chunk.toString('utf8', start, end < 0 ? chunk.length : end)
  return line.startsWith(header) ? line.replace(/\r$/, '') : undefined
}

/** Chunks of whole lines, also of a log that is one JSON list. */
async function* linesOf(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<LineChunk> {
  const chunks = new LineChunks()
  let list: ListToLines | undefined
  let isFirst = true
  for await (const piece of pieces) {
    if (isFirst && isList(piece)) list = new ListToLines()
    isFirst = false
    yield* chunks.push(list?.push(piece) ?? piece)
  }
  const last = chunks.end()
  if (last !== undefined) yield last
}

function detect(file: string, bytes: Uint8Array): LogFormat {
  const lines = new TextDecoder().decode(bytes.subarray(0, 512 * 1024)).split('\n', FIRST_LINES)
  const format = detectFormat(lines.map((line) => line.replace(/\r$/, '')))
  if (format !== undefined) return format
  const name = file === '-' ? 'standard input' : file
  const ids = LOG_FORMATS.map(({ id }) => id).join(', ')
  const message = `${name}: none of its first lines can be read in any form that is known (${ids}); --format says which it is`
  throw new PortolanError('CONTENT_INVALID', message, { file })
}
