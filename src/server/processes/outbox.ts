/** How many messages, and how many bytes of them, may be on their way at once. */
const MOST_MESSAGES = 64
const MOST_BYTES = 4 * 1024 * 1024

/** Sends one message, and calls back when the channel has taken it, or has failed. Never throws. */
export type Send<Message> = (message: Message, taken: () => void) => void

/**
 * Messages for another process that may hang: nothing that waits for it grows.
 *
 * What says how something stands is kept until it can be sent, and only the last of its kind: there are as many as there
 * are kinds. What tells of an event is sent at once or not at all, and counted then.
 */
export class Outbox<Message> {
  readonly #send: Send<Message>
  /** By what it is about, in the order in which it was said. */
  readonly #waiting = new Map<string, Message>()
  #messages = 0
  #bytes = 0
  #dropped = 0
  #isPumping = false

  constructor(send: Send<Message>) {
    this.#send = send
  }

  /** How many events were dropped so far. */
  get dropped(): number {
    return this.#dropped
  }

  /** Says how `about` stands, in place of what was to be said of it before. */
  put(about: string, message: Message): void {
    this.#waiting.delete(about)
    this.#waiting.set(about, message)
    this.#pump()
  }

  /** Tells of an event, of so many bytes where they are many. */
  offer(message: Message, bytes = 0): void {
    if (this.isFull) this.#dropped++
    else this.#sendNow(message, bytes)
  }

  /** Whether an event that is told of now would be dropped. */
  get isFull(): boolean {
    return this.#messages >= MOST_MESSAGES || this.#bytes >= MOST_BYTES
  }

  #pump(): void {
    // A channel that is gone takes each at once, and calls back from within.
    if (this.#isPumping) return
    this.#isPumping = true
    for (const [about, message] of this.#waiting) {
      if (this.isFull) break
      this.#waiting.delete(about)
      this.#sendNow(message, 0)
    }
    this.#isPumping = false
  }

  #sendNow(message: Message, bytes: number): void {
    this.#messages++
    this.#bytes += bytes
    this.#send(message, () => {
      this.#messages--
      this.#bytes -= bytes
      this.#pump()
    })
  }
}
