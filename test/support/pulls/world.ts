import type { Attempt, RetryVerdict } from '../../../src/backends/retries/attempt.ts'
import { createRetryDetector, type RetryDetector } from '../../../src/backends/retries/detector.ts'
import { type Address, parseAddress } from '../../../src/net/address.ts'
import { type Digest, parseDigest } from '../../../src/oci/digest.ts'
import { createEventQueue, type EventQueue } from '../event-queue.ts'
import { seededRandom } from '../seeded-random.ts'
import { createTestRuntime } from '../test-runtime.ts'

/** Bytes of each blob of the simulated images. */
export const BLOB_BYTES = 32 * 2 ** 20

export interface Image {
  readonly name: string
  readonly blobs: readonly Digest[]
}

/** Where a client's bytes end: at the blob's end, or short of it; after so many milliseconds. */
export interface Delivery {
  /** The first byte that did not arrive, of {@link BLOB_BYTES}. */
  readonly reached: number
  readonly after: number
  /** Whether its bytes are others than its digest says. */
  readonly isWrong?: boolean
}

/** What a client asks the door for. */
export type Ask = Omit<Attempt, 'store' | 'repository' | 'bytes'> & Partial<Pick<Attempt, 'repository'>>

/** How a store treats a request; healthy ones deliver. */
export type Fault = (ask: Ask, random: () => number) => Delivery | 'delivers'

/** A door in front of two stores and the canonical upstream, and what went where. */
export interface PullWorld extends EventQueue {
  readonly random: () => number
  readonly detector: RetryDetector
  /** Requests for blobs, and those that were not sent to the nearest store. */
  asked: number
  moved: number
  /** How many requests got each verdict about the nearest store. */
  readonly verdicts: Map<RetryVerdict['reason'], number>
  /** The try that succeeded of each client that a store failed; none for those that gave up. */
  readonly victims: (number | undefined)[]
  manifest(address: Address, repository: string, reference: string): void
  /** What becomes of a request that the door redirects. */
  blob(ask: Ask): Delivery
}

export interface WorldOptions {
  readonly seed?: number
  /** What is wrong with the nearest store and with the next one; nothing by default. */
  readonly near?: Fault
  readonly next?: Fault
}

export function createPullWorld({ seed = 1, near = healthy, next = healthy }: WorldOptions = {}): PullWorld {
  const random = seededRandom(seed)
  const queue = createEventQueue()
  const detector = createRetryDetector(createTestRuntime({ now: queue.now, random: seededRandom(seed + 1) }))
  const faults: Readonly<Record<string, Fault>> = { near, next, canonical: healthy }

  const world: PullWorld = {
    ...queue,
    random,
    detector,
    asked: 0,
    moved: 0,
    verdicts: new Map(),
    victims: [],
    manifest: detector.noteManifest,
    blob(ask) {
      world.asked++
      const { reason, to } = detector.note(attemptOf(ask, 'near'))
      world.verdicts.set(reason, (world.verdicts.get(reason) ?? 0) + 1)
      if (to !== 'store') world.moved++
      const delivery = faults[to === 'store' ? 'near' : chooseNext(ask, to)]!(ask, random)
      if (delivery !== 'delivers') return delivery
      return { reached: BLOB_BYTES, after: 300 + 1500 * random() }
    },
  }

  function chooseNext(ask: Ask, to: RetryVerdict['to']): string {
    if (to === 'canonical') return to
    return detector.note(attemptOf(ask, 'next')).to === 'store' ? 'next' : 'canonical'
  }
  return world
}

function attemptOf(ask: Ask, store: string): Attempt {
  return { repository: '', ...ask, store, bytes: () => BLOB_BYTES }
}

const healthy: Fault = () => 'delivers'

/** An image of so many blobs, which no other image has. */
export function imageOf(name: string, blobs: number): Image {
  return { name, blobs: Array.from({ length: blobs }, (_, index) => digestOf(`${name}/${index}`)) }
}

function digestOf(text: string): Digest {
  const random = seededRandom(
    [...text].reduce((hash, letter) => Math.imul(hash, 31) + letter.charCodeAt(0), 7),
  )
  const hex = Array.from({ length: 64 }, () => Math.floor(16 * random()).toString(16)).join('')
  return parseDigest(`sha256:${hex}`)!
}

/** The n-th client, each in a network (/16) of its own as long as there are any. */
export function addressOf(n: number): Address {
  return parseAddress(`${11 + (n % 180)}.${(n >>> 4) % 250}.${(n >>> 8) & 255}.${n & 255}`)!
}
