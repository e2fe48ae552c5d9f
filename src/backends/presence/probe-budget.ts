import type { Address } from '../../net/address.ts'
import type { Presence } from '../../routing/decide.ts'
import type { Runtime } from '../../runtime.ts'

/** How many probes of one backend may run at once, and how many of these for one network beside others. */
const MAX_RUNNING = 256
const MAX_RUNNING_OF_ONE = 64

/**
 * How many probes may find nothing in a tenth of a second. A probe costs ten times what a redirect costs: without a
 * bound, a flood of invented digests would slow down everybody (`npm run bench -- hostile`). One network beside
 * others may use up a quarter of it; and when all of it is used up, those that have wasted nothing still get as much
 * again.
 */
const MAX_FRUITLESS = 20
const MAX_FRUITLESS_OF_ONE = 5
const WINDOW = 100
/** A network is alone when no other has asked for so many windows; behind a proxy that hides addresses all are one. */
const ALONE = 10

/**
 * Says who may still cause a probe of one backend, so that nobody who invents digests takes from others what they need
 * to be sent near. What is known to be present needs no probe, and goes on as before.
 */
export class ProbeBudget {
  readonly #runtime: Pick<Runtime, 'now'>
  #window = 0
  #fruitless = 0
  /** In this window, by network; no more of them than probes that may end in it. */
  readonly #fruitlessOf = new Map<number, number>()
  #lastNetwork = 0
  /** The last window in which two networks asked. */
  #sharedAt = Number.NEGATIVE_INFINITY
  #running = 0
  readonly #runningOf = new Map<number, number>()

  constructor(runtime: Pick<Runtime, 'now'>) {
    this.#runtime = runtime
  }

  /** Whether a probe may begin for a client of this network. */
  allows(network: number): boolean {
    this.#turn()
    if (this.#running >= MAX_RUNNING) return false
    const own = this.#fruitlessOf.get(network) ?? 0
    if (this.#isShared(network)) {
      if (own >= MAX_FRUITLESS_OF_ONE) return false
      if ((this.#runningOf.get(network) ?? 0) >= MAX_RUNNING_OF_ONE) return false
    }
    return this.#fruitless < (own === 0 ? 2 * MAX_FRUITLESS : MAX_FRUITLESS)
  }

  began(network: number): void {
    this.#running++
    this.#runningOf.set(network, (this.#runningOf.get(network) ?? 0) + 1)
  }

  ended(network: number, presence: Presence): void {
    this.#running--
    const running = this.#runningOf.get(network)! - 1
    if (running === 0) this.#runningOf.delete(network)
    else this.#runningOf.set(network, running)
    if (presence === 'present') return
    this.#turn()
    this.#fruitless++
    this.#fruitlessOf.set(network, (this.#fruitlessOf.get(network) ?? 0) + 1)
  }

  #isShared(network: number): boolean {
    if (network !== this.#lastNetwork) {
      this.#lastNetwork = network
      this.#sharedAt = this.#window
    }
    return this.#window - this.#sharedAt < ALONE
  }

  #turn(): void {
    const window = Math.floor(this.#runtime.now() / WINDOW)
    if (window === this.#window) return
    this.#window = window
    this.#fruitless = 0
    this.#fruitlessOf.clear()
  }
}

/** A client's network as a number: its IPv4 /24 or IPv6 /48, what one customer of a provider has; 0 when not known. */
export function networkOf(address: Address | undefined): number {
  if (address === undefined) return 0
  const { family, word0, word1 } = address
  return family === 4 ? word0 >>> 8 : Math.imul(word0, 0x01000193) ^ (word1 >>> 16) ^ 0x8000_0000
}
