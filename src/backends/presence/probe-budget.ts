import { GenerationalCache } from '../../internal/generational-cache.ts'
import { SoleParty } from '../../internal/sole-party.ts'
import type { TokenBucketBounds } from '../../internal/token-bucket.ts'
import type { Address } from '../../net/address.ts'
import type { Presence } from '../../routing/decide.ts'
import type { Runtime } from '../../runtime.ts'
import { networkOf, subscriberOf } from './client-network.ts'
import { ProbeShare, type Refund } from './probe-share.ts'

/** How many probes of one backend may run at once, and how many of these for networks that have wasted some lately. */
const MAX_RUNNING = 256
const MAX_RUNNING_OF_WASTEFUL = 192

/**
 * How many probes of one backend may find nothing. A probe costs ten times what a redirect costs: without a bound, a
 * flood of invented digests would slow down everybody (`npm run bench -- hostile`).
 */
const WHOLE: TokenBucketBounds = { start: MAX_RUNNING, perSecond: 200, most: MAX_RUNNING }

/** How many of one network, and of one subscriber in it. What they find lets more run at once, as a large pull needs it. */
const OF_ONE: TokenBucketBounds = { start: 20, perSecond: 50, most: 64 }

/** Whoever is alone for so many milliseconds may use up all there is; behind a proxy that hides addresses all are one. */
const ALONE = 1000
/** Networks, and subscribers. */
const MAX_REMEMBERED = 2048

/** Takes note of how a probe has ended. */
export type EndProbe = (presence: Presence) => void

/**
 * Says who may cause a probe of one backend, so that nobody who invents digests takes from others what they need to be
 * sent near: neither from other networks, nor from others in the same one. A probe is paid for when it begins, or else
 * many that run would be too many only once they have ended; one that finds something is paid back. What is known to be
 * present needs no probe, and goes on as before.
 */
export class ProbeBudget {
  readonly #runtime: Pick<Runtime, 'now'>
  readonly #whole: ProbeShare
  readonly #networks = new GenerationalCache<number, ProbeShare>(MAX_REMEMBERED)
  readonly #subscribers = new GenerationalCache<number, ProbeShare>(MAX_REMEMBERED)
  #running = 0
  readonly #soleNetwork: SoleParty
  readonly #soleSubscriber: SoleParty

  constructor(runtime: Pick<Runtime, 'now'>) {
    this.#runtime = runtime
    this.#whole = new ProbeShare(WHOLE, runtime)
    this.#soleNetwork = new SoleParty(ALONE, networkOf(undefined), runtime)
    this.#soleSubscriber = new SoleParty(ALONE, subscriberOf(undefined), runtime)
  }

  /** Begins a probe for a client: gives what is to be called once, when it has ended; `undefined` when it may not begin. */
  begin(client: Address | undefined): EndProbe | undefined {
    const networkId = networkOf(client)
    const subscriberId = subscriberOf(client)
    const network = this.#networks.get(networkId) ?? new ProbeShare(OF_ONE, this.#runtime)
    const subscriber = this.#subscribers.get(subscriberId) ?? new ProbeShare(OF_ONE, this.#runtime)
    if (this.#running >= (network.isWasteful ? MAX_RUNNING_OF_WASTEFUL : MAX_RUNNING)) return undefined
    const parties: ProbeShare[] = []
    if (!this.#soleSubscriber.note(subscriberId)) parties.push(subscriber)
    if (!this.#soleNetwork.note(networkId)) parties.push(network)
    const refund = payAll([...parties, this.#whole])
    if (refund === undefined) return undefined
    // Whoever is refused pushes out nobody who is remembered.
    this.#networks.set(networkId, network)
    this.#subscribers.set(subscriberId, subscriber)
    this.#running++
    return (presence) => {
      this.#running--
      if (presence === 'present') {
        refund(true)
      } else {
        network.noteWaste()
        subscriber.noteWaste()
      }
    }
  }
}

/** Has a probe paid for by each party, the one within the next, or by none. */
function payAll(parties: readonly ProbeShare[]): Refund | undefined {
  const refunds: Refund[] = []
  const refundAll = (hasFound: boolean) => {
    for (const refund of refunds) refund(hasFound)
  }
  for (const [index, party] of parties.entries()) {
    const refund = party.pay(parties[index - 1])
    if (refund === undefined) {
      refundAll(false)
      return undefined
    }
    refunds.push(refund)
  }
  return refundAll
}
