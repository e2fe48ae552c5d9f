import { constants } from 'node:os'

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/**
 * Of the first process of a container, the kernel keeps away every signal that it does not listen to: Ctrl-C and
 * `docker stop` would do nothing to most commands, nor would a second signal to the others. With this it ends, by the exit
 * code that shells have for the signal, unless somebody else listens as well. Any other process ends by itself.
 */
export function endOnSignals(): void {
  if (process.pid !== 1) return
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      if (process.listenerCount(signal) === 1) process.exit(128 + constants.signals[signal])
    })
  }
}
