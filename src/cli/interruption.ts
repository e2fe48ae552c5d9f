/** A run that Ctrl-C and SIGTERM end. */
export interface Interruptible extends Disposable {
  readonly signal: AbortSignal
}

/** What `--json` prints of a run that was ended, where the same command resumes it. */
export const INTERRUPTED = {
  code: 'INTERRUPTED',
  message: 'interrupted: the same command goes on with what is missing',
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/** For the report of a run that was aborted to be written out, in milliseconds. */
const LAST_WORDS = 500

/**
 * The first signal aborts, which is said together with its consequence; a second one ends the process at once, as if
 * nobody had listened. When a run that was aborted is over, so is the process, whatever still waits for an answer.
 */
export function interruptible(say: (line: string) => void, consequence: string): Interruptible {
  const abort = new AbortController()
  const listen = (signal: NodeJS.Signals) => {
    if (abort.signal.aborted) {
      stopListening()
      process.kill(process.pid, signal)
      return
    }
    say(`${signal}: stopping, and ${consequence}; once more ends at once`)
    abort.abort(new Error(`interrupted by ${signal}`))
  }
  const stopListening = () => {
    for (const signal of SIGNALS) process.removeListener(signal, listen)
  }
  for (const signal of SIGNALS) process.on(signal, listen)
  return {
    signal: abort.signal,
    [Symbol.dispose]() {
      stopListening()
      // A server that has stalled would keep it for minutes.
      if (abort.signal.aborted) setTimeout(() => process.exit(), LAST_WORDS).unref()
    },
  }
}
