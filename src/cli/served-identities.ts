import type { Listener, TlsIdentity } from '../adapters/listener.ts'
import type { Config, TlsConfig } from '../config/config.ts'
import { PortolanError } from '../errors.ts'
import type { Runtime } from '../runtime.ts'
import {
  type IdentityFiles,
  type ListenerName,
  readIdentityFiles,
  ServedIdentity,
} from './served-identity.ts'

/** How often the files are looked at, in milliseconds. */
const INTERVAL = 2_000

type IdentitiesRuntime = Pick<Runtime, 'log' | 'date' | 'after'>

/** What the listeners of a process show over TLS; empty where none of them speaks it. */
export class ServedIdentities {
  readonly #served: ReadonlyMap<ListenerName, ServedIdentity>
  readonly #runtime: IdentitiesRuntime

  private constructor(served: ReadonlyMap<ListenerName, ServedIdentity>, runtime: IdentitiesRuntime) {
    this.#served = served
    this.#runtime = runtime
  }

  /** Reads what a config names. Throws `FILE_UNREADABLE` or `CONFIG_INVALID`. */
  static async open(config: Config, runtime: IdentitiesRuntime): Promise<ServedIdentities> {
    const served = new Map<ListenerName, ServedIdentity>()
    for (const [name, read] of await readAll(config))
      served.set(name, new ServedIdentity(name, read, runtime))
    return new ServedIdentities(served, runtime)
  }

  /** What a listener shows; `undefined` for one that speaks no TLS. */
  of(name: ListenerName): TlsIdentity | undefined {
    return this.#served.get(name)?.identity
  }

  /** When the certificates end, in seconds since 1970. */
  *expiries(): Iterable<readonly [ListenerName, number]> {
    for (const [name, { notAfter }] of this.#served) yield [name, notAfter / 1000]
  }

  /**
   * Reads what another config names; gives what shows it. Throws, and changes nothing, when a part cannot be had at the
   * second look either: whoever brings a config may bring files with it, and two never change at once.
   */
  async prepare(config: Config): Promise<() => void> {
    const read = await readAll(config).catch(async () => {
      await new Promise<void>((resolve) => this.#runtime.after(INTERVAL, resolve))
      return readAll(config)
    })
    return () => {
      for (const [name, identity] of read) this.#served.get(name)?.show(identity)
    }
  }

  /**
   * Keeps what these listeners show as their files are. Files are looked at, not watched: a Kubernetes Secret changes by
   * a swap of a symbolic link above them. Returns what ends that.
   */
  follow(listeners: Readonly<Record<ListenerName, Pick<Listener, 'useIdentity'> | undefined>>): () => void {
    if (this.#served.size === 0) return () => {}
    for (const [name, served] of this.#served) {
      const listener = listeners[name]
      if (listener !== undefined) served.attach(listener)
    }
    let isLooking = false
    const timer = setInterval(async () => {
      if (isLooking) return
      isLooking = true
      for (const served of this.#served.values()) await served.look()
      isLooking = false
    }, INTERVAL)
    return () => clearInterval(timer)
  }
}

/** Throws with the key of the config in front. */
async function readAll({ admin, tls, adminTls }: Config): Promise<Map<ListenerName, IdentityFiles>> {
  const read = new Map<ListenerName, IdentityFiles>()
  if (tls !== undefined) read.set('door', await readFor('tls', tls))
  if (adminTls !== undefined && admin !== undefined) read.set('admin', await readFor('adminTls', adminTls))
  return read
}

async function readFor(key: string, files: TlsConfig): Promise<IdentityFiles> {
  try {
    return await readIdentityFiles(files)
  } catch (error) {
    if (!(error instanceof PortolanError)) throw error
    throw new PortolanError(error.code, `${key}: ${error.message}`, error.facts, error)
  }
}
