import type { BackendEvent, LiveBackend } from '../../backends/live-backend.ts'
import type { SharedParts } from '../compose.ts'
import { backendsByKey } from './backends-by-key.ts'
import { PIECE_BYTES, type ToPrimary, type ToWorker } from './messages.ts'
import { Outbox, type Send } from './outbox.ts'

/** One worker, as the process that checks sees it. */
export interface WorkerEnd {
  readonly outbox: Outbox<ToWorker>
  /** Tells it the config anew, and what is known of the backends in it: for one that could not take it. */
  tellConfig(): void
  /** Takes in what it tells of what it has learnt, or asks for; gives false for what is for the process around. */
  receive(message: ToPrimary): boolean
  /** It is gone. */
  leave(): void
}

type Learnt = (ToPrimary & { kind: 'facts' })['facts']
type Found = (ToWorker & { kind: 'presence' })['found'][number]

/**
 * The process that checks the backends for all: facts that workers learn become states here, and states, inventories,
 * ranges and what was found out go from here to every worker.
 */
export class Primary {
  readonly #shared: SharedParts
  readonly #find: (key: string) => LiveBackend | undefined
  readonly #outboxes = new Set<Outbox<ToWorker>>()
  /** What was told last of the inventory of a backend, by its key. */
  readonly #inventories = new Map<string, string | null>()
  /** How many range snapshots were in use so far: each is another content. */
  #rangesCount = 0
  #dropped = 0

  constructor(shared: SharedParts) {
    this.#shared = shared
    this.#find = backendsByKey(shared)
    shared.inForce.changes.add(() => this.#followConfig())
    shared.inForce.facts.add((event) => this.#follow(event))
    shared.inForce.paces.add(() => this.#put('paces', this.#paces()))
    shared.legacy.fates.add(() => this.#put('fates', this.#fates()))
    shared.ranges?.changes.add(() => {
      this.#rangesCount++
      this.#put('ranges', this.#ranges())
    })
  }

  /** How many messages were dropped, since a worker did not take them. */
  get dropped(): number {
    let dropped = this.#dropped
    for (const outbox of this.#outboxes) dropped += outbox.dropped
    return dropped
  }

  /** Begins to tell a worker all that is known, and all that comes. */
  attach(send: Send<ToWorker>): WorkerEnd {
    const outbox = new Outbox(send)
    this.#outboxes.add(outbox)
    this.#tellConfig(outbox)
    outbox.put('ranges', this.#ranges())
    return {
      outbox,
      tellConfig: () => this.#tellConfig(outbox),
      receive: (message) => this.#receive(message, outbox),
      leave: () => {
        if (this.#outboxes.delete(outbox)) this.#dropped += outbox.dropped
      },
    }
  }

  /** What is said of backends comes after the config by which a worker knows them. */
  #tellConfig(outbox: Outbox<ToWorker>): void {
    outbox.put('config', this.#config())
    outbox.put('paces', this.#paces())
    outbox.put('fates', this.#fates())
    for (const live of this.#shared.inForce.policy.backends.all) {
      outbox.put(`standing ${live.key}`, standing(live))
      if (live.inventoryInUse !== undefined) outbox.put(`inventory ${live.key}`, inventory(live))
    }
  }

  #receive(message: ToPrimary, from: Outbox<ToWorker>): boolean {
    switch (message.kind) {
      case 'facts':
        this.#learn(message.facts, from)
        return true
      case 'attempts':
        this.#tellOthers(from, message, message.batch.records.length)
        return true
      case 'traffic':
        for (const each of message.traffic) this.#shared.traffic?.note(each)
        return true
      case 'outcomes':
        for (const { phase, ...tally } of message.outcomes) this.#shared.legacy.note(phase, tally)
        return true
      case 'want':
        from.put('piece', this.#piece(message.content, message.offset))
        return true
      case 'check':
        void this.#check(message, from)
        return true
      default:
        return false
    }
  }

  #learn(facts: Learnt, from: Outbox<ToWorker>): void {
    const found: Found[] = []
    for (const { backend, fact } of facts) {
      const live = this.#find(backend)
      if (live === undefined) continue
      if (fact.kind === 'probed') {
        const { request, finding } = fact
        live.learn(request, finding.presence)
        found.push({ backend, request, presence: finding.presence })
      } else if (fact.kind === 'delivered' || fact.kind === 'undelivered') {
        const isDelivered = fact.kind === 'delivered'
        this.#shared.clients.noteDelivery(live, fact.digest, isDelivered)
        this.#tellOthers(from, { kind: 'delivery', backend, digest: fact.digest, isDelivered })
      }
      live.record(fact)
    }
    if (found.length > 0) this.#tellOthers(from, { kind: 'presence', found })
  }

  async #check({ check, backend }: ToPrimary & { kind: 'check' }, from: Outbox<ToWorker>): Promise<void> {
    await this.#find(backend)?.check()
    from.put(`checked ${check}`, { kind: 'checked', check })
  }

  #follow({ backend, before, after }: BackendEvent): void {
    const { key } = backend
    const isSame =
      before.health.status === after.health.status &&
      before.believed === after.believed &&
      before.manifests === after.manifests &&
      before.forgotten === after.forgotten
    if (!isSame) this.#put(`standing ${key}`, standing(backend))
    const digest = backend.inventoryInUse?.digest ?? null
    if (digest === (this.#inventories.get(key) ?? null)) return
    this.#inventories.set(key, digest)
    this.#put(`inventory ${key}`, inventory(backend))
  }

  #followConfig(): void {
    for (const outbox of this.#outboxes) this.#tellConfig(outbox)
    const keys = new Set(this.#shared.inForce.policy.backends.all.map(({ key }) => key))
    for (const key of this.#inventories.keys()) if (!keys.has(key)) this.#inventories.delete(key)
  }

  #config(): ToWorker {
    return { kind: 'config', config: this.#shared.inForce.policy.config }
  }

  #paces(): ToWorker {
    return { kind: 'paces', paces: [...this.#shared.inForce.shares] }
  }

  #fates(): ToWorker {
    const { begun, ended } = this.#shared.legacy.known
    return { kind: 'fates', begun: [...begun], ended: [...ended] }
  }

  #ranges(): ToWorker {
    const isThere = this.#shared.ranges?.snapshot !== undefined
    return { kind: 'ranges', content: isThere ? `ranges ${this.#rangesCount}` : null }
  }

  #piece(content: string, offset: number): ToWorker {
    const whole = this.#content(content) ?? new Uint8Array()
    // A copy: not every runtime sends a view without all that is behind it.
    const bytes = whole.slice(offset, offset + PIECE_BYTES)
    return { kind: 'piece', content, offset, total: whole.length, bytes }
  }

  #content(content: string): Uint8Array | undefined {
    const { ranges, inForce } = this.#shared
    if (content === `ranges ${this.#rangesCount}`) return ranges?.snapshot
    return inForce.policy.backends.all.find(({ inventoryInUse }) => inventoryInUse?.digest === content)
      ?.inventoryInUse?.inventory.bytes
  }

  #put(about: string, message: ToWorker): void {
    for (const outbox of this.#outboxes) outbox.put(about, message)
  }

  #tellOthers(from: Outbox<ToWorker>, message: ToWorker, bytes = 0): void {
    for (const outbox of this.#outboxes) if (outbox !== from) outbox.offer(message, bytes)
  }
}

function standing(live: LiveBackend): ToWorker {
  return { kind: 'standing', backend: live.key, standing: live.standing }
}

function inventory(live: LiveBackend): ToWorker {
  return { kind: 'inventory', backend: live.key, digest: live.inventoryInUse?.digest ?? null }
}
