import { open } from 'node:fs/promises'
import { unlessAbsent } from './files.ts'
import { unwritable, writeWhole } from './workspace-file.ts'

/** A file of JSON lines to which lines are added. */
export interface Journal<Line> {
  /** Resolves when the line outlives the process; with `durable`, when it outlives the machine's next crash too. */
  append(line: Line, durable: boolean): Promise<void>
  close(): Promise<void>
}

/** What the lines of a journal come to. */
export interface JournalState<Line> {
  /** Takes in one line, which may be anything that JSON can say. */
  read(line: unknown): void
  /** The fewest lines that say the same. */
  lines(): Iterable<Line>
}

/** How much a journal may grow before it is compacted, beside twice of what it had when that was done last. */
const SLACK_BYTES = 16 * 1024 * 1024

/** What a journal begins with. */
export interface JournalBeginning {
  /** Journals whose lines come first, the oldest first. */
  readonly earlier?: readonly string[]
  /** Called when all lines are read, before they are compacted. */
  readonly read?: () => void
}

/**
 * Opens a journal, lets `state` read what is in it and compacts it. A line that is no JSON is passed over: the last one
 * may be torn, after a crash of the machine others too, and what they said is then simply done again.
 *
 * Throws `FILE_UNREADABLE` and `FILE_UNWRITABLE`.
 */
export async function openJournal<Line extends object>(
  file: string,
  state: JournalState<Line>,
  { earlier = [], read = () => {} }: JournalBeginning = {},
): Promise<Journal<Line>> {
  for (const each of [...earlier, file]) await readLines(each, state)
  read()
  const compact = async () => {
    const text = Array.from(state.lines(), format).join('')
    await writeWhole(file, text, true)
    const handle = await open(file, 'a').catch((error) => {
      throw unwritable(file, error)
    })
    const length = Buffer.byteLength(text)
    return { handle, length, limit: 2 * length + SLACK_BYTES }
  }
  let current = await compact()
  let waiting: Waiting[] = []
  let writing = Promise.resolve()

  // Lines that come while others are written go together, with one fsync for all of them.
  const write = async () => {
    const batch = waiting
    waiting = []
    if (batch.length === 0) return
    try {
      const bytes = Buffer.from(batch.map(({ text }) => text).join(''))
      await current.handle.appendFile(bytes)
      current.length += bytes.length
      if (batch.some(({ durable }) => durable)) await current.handle.datasync()
      if (current.length > current.limit) {
        const old = current.handle
        current = await compact()
        await old.close()
      }
      for (const { resolve } of batch) resolve()
    } catch (error) {
      for (const { reject } of batch) reject(unwritable(file, error))
    }
  }
  return {
    append(line, durable) {
      state.read(line)
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      waiting.push({ text: format(line), durable, resolve, reject })
      writing = writing.then(write)
      return promise
    },
    async close() {
      await writing
      await current.handle.close()
    },
  }
}

interface Waiting {
  readonly text: string
  readonly durable: boolean
  resolve(): void
  reject(error: unknown): void
}

function format(line: object): string {
  return `${JSON.stringify(line)}\n`
}

async function readLines(file: string, state: JournalState<object>): Promise<void> {
  const handle = await unlessAbsent(file, open(file))
  if (handle === undefined) return
  try {
    for await (const text of handle.readLines({ autoClose: false })) {
      const line = parseLine(text)
      if (line !== undefined) state.read(line)
    }
  } finally {
    await handle.close()
  }
}

function parseLine(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
