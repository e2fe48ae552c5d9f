/** A run that Ctrl-C and SIGTERM end. */
export interface Interruptible extends Disposable {
  readonly signal: AbortSignal
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/** The first signal aborts, and is said; a second one ends the process at once, as if nobody had listened. */
export function interruptible(say: (line: string) => void): Interruptible {
  const abort = new AbortController()
  const listen = (signal: NodeJS.Signals) => {
    if (abort.signal.aborted) {
      stopListening()
      process.kill(process.pid, signal)
      return
    }
    say(`${signal}: stopping, and leaving what is under way for the next run; once more ends at once`)
    abort.abort(new Error(`interrupted by ${signal}`))
  }
  const stopListening = () => {
    for (const signal of SIGNALS) process.removeListener(signal, listen)
  }
  for (const signal of SIGNALS) process.on(signal, listen)
  return { signal: abort.signal, [Symbol.dispose]: stopListening }
}
