import type { Cancel, Clock } from '../../runtime.ts'

interface Appointment {
  readonly at: number
  readonly work: () => void
}

/** What is to happen sooner than this is what a request waits for, in milliseconds: without it, nobody wants it. */
const PASSING = 500
/** So long a timer of a request that still runs may be late, in milliseconds, before another request does its work. */
const GRACE = 1000

/**
 * A clock that loses no appointment of more than half a second. A timer of workerd goes with the request that set it, and
 * none can be set outside of requests; so what is due, and whose own timer has not come, is done when a later request
 * comes by.
 */
export class IsolateClock implements Clock {
  readonly now: () => number
  readonly date: () => Date
  readonly #base: Clock
  readonly #appointments = new Set<Appointment>()
  #lookedAt = Number.NEGATIVE_INFINITY

  constructor(base: Clock) {
    this.#base = base
    this.now = base.now
    this.date = base.date
  }

  readonly after = (milliseconds: number, work: () => void): Cancel => {
    if (milliseconds < PASSING) return this.#base.after(milliseconds, work)
    const appointment: Appointment = { at: this.now() + milliseconds, work }
    this.#appointments.add(appointment)
    const callOff = this.#base.after(milliseconds, () => this.#keep(appointment))
    return () => {
      this.#appointments.delete(appointment)
      callOff()
    }
  }

  /** Does what is overdue, no more than once a second; to be called by each request, which nothing of it may fail. */
  catchUp(report: (error: unknown) => void): void {
    const now = this.now()
    if (now - this.#lookedAt < GRACE) return
    this.#lookedAt = now
    for (const appointment of [...this.#appointments]) {
      if (appointment.at + GRACE > now) continue
      try {
        this.#keep(appointment)
      } catch (error) {
        report(error)
      }
    }
  }

  /** How many are still to come. */
  get size(): number {
    return this.#appointments.size
  }

  #keep(appointment: Appointment): void {
    if (!this.#appointments.delete(appointment)) return
    appointment.work()
  }
}
