import type { Clock } from '../../runtime.ts'
import type { Canvas } from './copy-lines.ts'

/** Says on standard error how far a run is. */
export interface Progress<Event> {
  report(event: Event): void
  /** Says a line for people. */
  say(line: string): void
  /** Says the last of it, and draws no more. */
  end(): void
}

/** Adds up the events of a run. */
export interface Board<Event> {
  /** Takes an event in; true when the sums say all of it. */
  note(event: Event): boolean
  /** Another value whenever it has changed. */
  sums(): object
  draw(now: number, canvas: Canvas): string[]
}

/** An event, of which some are worth a line of their own. */
export type ProgressEvent =
  | { readonly kind: 'warning' | 'note'; readonly message: string }
  | { readonly kind: 'failed'; readonly fault: { readonly message: string } }
  | { readonly kind: string }

/** Where progress goes: standard error, as a process has it. */
export interface ProgressOutput {
  write(text: string): unknown
  readonly isTTY?: boolean
  /** Characters in a line of a terminal; 0 where it does not say. */
  readonly columns?: number
}

export interface ProgressParts<Event> {
  readonly output: ProgressOutput
  readonly clock: Clock
  readonly colour: boolean
  readonly board: Board<Event>
}

const REDRAW = 200
const LINE_INTERVAL = 1000
const USUAL_WIDTH = 80
const FAULTS_SHOWN = 10

/** A terminal gets a few lines that are redrawn; anything else a JSON line for each event, and one a second of sums. */
export function createProgress<Event extends ProgressEvent>(parts: ProgressParts<Event>): Progress<Event> {
  return parts.output.isTTY ? drawnProgress(parts) : writtenProgress(parts)
}

function drawnProgress<Event extends ProgressEvent>({
  output,
  clock,
  colour,
  board,
}: ProgressParts<Event>): Progress<Event> {
  let drawn = 0
  let faults = 0
  // Up over what was drawn, and what is below is erased.
  const erase = () => (drawn === 0 ? '' : `\x1b[${drawn}A\r\x1b[J`)
  const draw = (above = '') => {
    // One less than there are: a line that is full would wrap, and be erased by half.
    const lines = board.draw(clock.now(), { width: (output.columns || USUAL_WIDTH) - 1, colour })
    output.write(`${erase()}${above}${lines.map((line) => `${line}\n`).join('')}`)
    drawn = lines.length
  }
  // What others wrote may hold what moves the cursor.
  const say = (line: string) => draw(`portolan: ${line.replace(/\p{Cc}+/gu, ' ')}\n`)
  const stop = repeatedly(clock, REDRAW, draw)
  return {
    report(event) {
      board.note(event)
      if ('message' in event) say(event.message)
      // The report names all of them; these tell that something is wrong while there is time to stop.
      if ('fault' in event && ++faults <= FAULTS_SHOWN) say(event.fault.message)
    },
    say,
    end() {
      stop()
      output.write(erase())
      drawn = 0
    },
  }
}

function writtenProgress<Event extends ProgressEvent>({
  output,
  clock,
  board,
}: ProgressParts<Event>): Progress<Event> {
  let told = board.sums()
  const write = (event: object) =>
    output.write(`${JSON.stringify({ time: clock.date().toISOString(), ...event })}\n`)
  const tell = () => {
    const sums = board.sums()
    if (told !== sums) write({ kind: 'progress', ...sums })
    told = sums
  }
  const stop = repeatedly(clock, LINE_INTERVAL, tell)
  return {
    report(event) {
      if (event.kind === 'finished') tell()
      if (!board.note(event)) write(event)
    },
    say: (line) => write({ kind: 'note', message: line }),
    end() {
      stop()
      tell()
    },
  }
}

function repeatedly(clock: Clock, interval: number, action: () => void): () => void {
  let callOff = () => {}
  const next = () => {
    callOff = clock.after(interval, () => {
      action()
      next()
    })
  }
  next()
  return () => callOff()
}
