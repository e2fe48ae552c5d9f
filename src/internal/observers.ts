import type { Cancel } from '../runtime.ts'

/** Who wants to be told of events, in the order in which they said so. */
export interface Observers<Event> {
  /** Tells everybody. */
  notify(event: Event): void
  /** Tells this one from now on, until cancelled. */
  add(observer: (event: Event) => void): Cancel
}

export function createObservers<Event>(): Observers<Event> {
  const observers = new Set<(event: Event) => void>()
  return {
    notify(event) {
      for (const observer of observers) observer(event)
    },
    add(observer) {
      observers.add(observer)
      return () => observers.delete(observer)
    },
  }
}
