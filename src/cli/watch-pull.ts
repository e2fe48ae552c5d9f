import type { NetworkReport } from '../doctor/network/report.ts'
import type { Runtime } from '../runtime.ts'

export interface WatchOptions {
  /** Milliseconds from the end of one try to the beginning of the next. */
  readonly every: number
  readonly signal: AbortSignal
  readonly runtime: Pick<Runtime, 'after'>
  /** Told of the first report, and of each whose verdict, cause or sentence is another than before. */
  readonly onChange: (report: NetworkReport, isFirst: boolean) => void
}

/** Tries again and again until it is aborted; gives the last report, `undefined` where there was none. */
export async function watchPull(
  attempt: () => Promise<NetworkReport>,
  { every, signal, runtime, onChange }: WatchOptions,
): Promise<NetworkReport | undefined> {
  let last: NetworkReport | undefined
  while (!signal.aborted) {
    const report = await Promise.race([attempt(), aborted(signal)])
    if (report === undefined) break
    if (last === undefined || gistOf(report) !== gistOf(last)) onChange(report, last === undefined)
    last = report
    await pause(every, signal, runtime)
  }
  return last
}

function gistOf({ summary: { verdict, cause, sentence } }: NetworkReport): string {
  return JSON.stringify([verdict, cause, sentence])
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined)
    signal.addEventListener('abort', () => resolve(undefined), { once: true })
  })
}

async function pause(every: number, signal: AbortSignal, { after }: Pick<Runtime, 'after'>): Promise<void> {
  let callOff = () => {}
  const over = new Promise<void>((resolve) => {
    callOff = after(every, resolve)
  })
  await Promise.race([over, aborted(signal)])
  callOff()
}
