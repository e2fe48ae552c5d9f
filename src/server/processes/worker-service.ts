import type { LiveBackend } from '../../backends/live-backend.ts'
import { ToldRanges } from '../../clouds/fetch/told-ranges.ts'
import type { Config } from '../../config/config.ts'
import { PortolanError } from '../../errors.ts'
import { within } from '../../internal/within.ts'
import { decodeInventory } from '../../inventory/decode.ts'
import type { Digest } from '../../oci/digest.ts'
import type { ProcessReadings } from '../../telemetry/metrics.ts'
import { composePortolan, type Portolan, type SharedParts } from '../compose.ts'
import type { Door } from '../request.ts'
import type { DoorRuntime } from '../runtime.ts'
import { backendsByKey } from './backends-by-key.ts'
import { CheckedElsewhere } from './checked-elsewhere.ts'
import { ContentReader } from './content-reader.ts'
import { Learnings } from './learnings.ts'
import type { ToPrimary, ToWorker } from './messages.ts'
import { Outbox, type Send } from './outbox.ts'

/** How long the first inventories and ranges are waited for before clients are answered without them, in milliseconds. */
const CONTENTS_TIMEOUT = 5000

/** The process around the service: its sockets, and its end. */
export interface WorkerProcess {
  /** Before a config is put in force: what it says of the process itself. */
  configure(config: Config): Promise<void>
  /** Takes requests there, and nowhere else any more. Rejects, and changes nothing, where it cannot. */
  open(door: Door, where: ListenWhere): Promise<void>
  /** Shows this over TLS. Throws, and changes nothing, where the runtime cannot use it. */
  useIdentity(identity: (ToWorker & { kind: 'identity' })['identity']): void
  announceEnd(): void
  /** Finishes what runs, and ends the process. */
  drain(milliseconds: number): void
  /** What it counts itself. */
  readonly readings: ProcessReadings
}

type InOrder = Extract<
  ToWorker,
  { kind: 'config' | 'standing' | 'inventory' | 'ranges' | 'paces' | 'fates' | 'open' | 'identity' }
>
type Learnt = Extract<ToWorker, { kind: 'presence' | 'delivery' | 'attempts' }>

/** Where, and how, a worker takes requests. */
export type ListenWhere = Omit<ToWorker & { kind: 'open' }, 'kind'>

interface Running {
  readonly service: Portolan & { readonly shared: SharedParts }
  readonly find: (key: string) => LiveBackend | undefined
}

/**
 * A door that checks nothing itself: it goes by what another process of the same service tells it, and tells that one
 * what it learns from its clients' requests.
 */
export class WorkerService {
  readonly #runtime: DoorRuntime
  readonly #process: WorkerProcess
  readonly #outbox: Outbox<ToPrimary>
  readonly #learnings: Learnings
  readonly #elsewhere: CheckedElsewhere
  readonly #contents: ContentReader
  readonly #ranges = new ToldRanges()
  #rangesContent: string | null = null
  /** Settles when the contents that it was told of are there, or will not come. */
  #arriving: Promise<unknown> = Promise.resolve()
  #running: Running | undefined
  #isOpen = false
  /** The last of what is done in order. */
  #queue: Promise<unknown> = Promise.resolve()

  constructor(runtime: DoorRuntime, send: Send<ToPrimary>, process: WorkerProcess) {
    this.#runtime = runtime
    this.#process = process
    this.#outbox = new Outbox(send)
    this.#learnings = new Learnings(this.#outbox, runtime)
    this.#elsewhere = new CheckedElsewhere(this.#outbox, this.#learnings, runtime)
    const want = (content: string, offset: number) =>
      this.#outbox.put('want', { kind: 'want', content, offset })
    this.#contents = new ContentReader(want, runtime)
  }

  /** Says something to the other process that stands until it is said anew. */
  say(message: ToPrimary): void {
    this.#outbox.put(message.kind, message)
  }

  /** Tells what was learnt and counted so far, before the end. */
  async tellAll(): Promise<void> {
    this.#learnings.flush()
    await this.#tellCounts()
  }

  /** Takes in what it is told. */
  receive(message: ToWorker): void {
    switch (message.kind) {
      case 'config':
      case 'standing':
      case 'inventory':
      case 'ranges':
      case 'paces':
      case 'fates':
      case 'open':
      case 'identity':
        this.#queue = this.#queue
          .then(() => this.#follow(message))
          .catch((error: unknown) => {
            this.#runtime.log.error({ err: error }, 'a worker could not do what it was told')
          })
        return
      case 'presence':
      case 'delivery':
      case 'attempts':
        this.#learn(message)
        return
      case 'piece':
        this.#contents.take(message)
        return
      case 'checked':
        this.#elsewhere.noteChecked(message.check)
        return
      case 'count':
        void this.#tellCounts()
        return
      case 'announceEnd':
        this.#process.announceEnd()
        return
      case 'drain':
        this.#process.drain(message.milliseconds)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running?.service[Symbol.asyncDispose]()
  }

  /** What has to happen in the order in which it was said. */
  async #follow(message: InOrder): Promise<void> {
    switch (message.kind) {
      case 'config':
        await this.#putInForce(message.config)
        return
      case 'standing':
        this.#running?.find(message.backend)?.record({ kind: 'told', standing: message.standing })
        return
      case 'inventory':
        this.#await(this.#takeInventory(message.backend, message.digest))
        return
      case 'ranges':
        this.#await(this.#takeRanges(message.content))
        return
      case 'paces':
        this.#running?.service.shared.inForce.usePaces(new Map(message.paces))
        return
      case 'fates':
        this.#running?.service.shared.legacy.use(message)
        return
      case 'open':
        await this.#open(message)
        return
      case 'identity':
        this.#process.useIdentity(message.identity)
    }
  }

  #learn(message: Learnt): void {
    if (this.#running === undefined) return
    const { find, service } = this.#running
    const { clients } = service.shared
    switch (message.kind) {
      case 'presence':
        for (const { backend, request, presence } of message.found) find(backend)?.learn(request, presence)
        return
      case 'delivery': {
        const live = find(message.backend)
        if (live !== undefined) clients.noteDelivery(live, message.digest, message.isDelivered)
        return
      }
      case 'attempts':
        clients.replay(message.batch)
    }
  }

  /** What takes long, while what else is said goes on. */
  #await(arrival: Promise<void>): void {
    this.#arriving = Promise.all([this.#arriving, arrival]).catch((error: unknown) => {
      this.#runtime.log.error({ err: error }, 'a worker could not take what it was sent')
    })
  }

  /** The first config it must have; of another that it cannot have, the primary is told, and the one before stays. */
  async #putInForce(config: Config): Promise<void> {
    try {
      await this.#process.configure(config)
      if (this.#running !== undefined) {
        await this.#running.service.reload(config)
        return
      }
      const service = await composePortolan(config, this.#runtime, {
        process: this.#process.readings,
        worker: {
          elsewhere: this.#elsewhere,
          attempts: this.#learnings,
          traffic: this.#learnings,
          outcomes: this.#learnings.outcomes,
          ranges: this.#ranges,
        },
      })
      this.#running = { service, find: backendsByKey(service.shared) }
    } catch (error) {
      this.#tellFailure(this.#running === undefined ? 'failed' : 'refused', error)
    }
  }

  async #open({ kind: _, ...where }: ToWorker & { kind: 'open' }): Promise<void> {
    if (this.#running === undefined) return
    await within(this.#runtime, CONTENTS_TIMEOUT, this.#arriving, undefined)
    try {
      await this.#process.open(this.#running.service.door, where)
      this.#isOpen = true
      this.say({ kind: 'listening' })
    } catch (error) {
      this.#tellFailure(this.#isOpen ? 'refused' : 'failed', error)
    }
  }

  #tellFailure(kind: 'failed' | 'refused', error: unknown): void {
    const message = error instanceof Error ? error.message : String(error)
    this.say({ kind, message })
  }

  async #takeInventory(key: string, digest: Digest | null): Promise<void> {
    const live = this.#running?.find(key)
    if (live === undefined) return
    if (digest === null) {
      live.forgetInventory()
      return
    }
    try {
      await live.takeInventory(digest, async () => {
        const bytes = await this.#contents.read(digest)
        if (bytes === undefined) throw new PortolanError('UNREACHABLE', 'it is not there any more')
        return decodeInventory(bytes)
      })
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error)
      this.#runtime.log.warn({ backend: live.id, problem }, 'the newest inventory of a store was not taken')
    }
  }

  async #takeRanges(content: string | null): Promise<void> {
    this.#rangesContent = content
    const snapshot = content === null ? undefined : await this.#contents.read(content)
    if (this.#rangesContent !== content) return
    if (content === null || snapshot !== undefined) this.#ranges.take(snapshot)
  }

  async #tellCounts(): Promise<void> {
    const { shared } = this.#running?.service ?? {}
    const snapshot = await shared?.snapshot?.()
    if (snapshot !== undefined) this.say({ kind: 'counted', snapshot, retries: shared!.clients.status() })
  }
}
