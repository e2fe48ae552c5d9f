import type { LogConfig } from '../config/config.ts'
import type { Log } from '../telemetry/log.ts'
import { createAccessLog } from './access-log.ts'
import type { Exchange } from './door.ts'
import type { Observe, SentBytes } from './sent.ts'

export interface ExchangeObservers {
  /** Says what a request comes to for a backend: once for all who are told. */
  readonly sent: SentBytes
  /** Counts all of them; absent where nothing is counted. */
  readonly count?: Observe | undefined
  readonly log: Log
}

/** Whoever wants to be told of answered requests: the metrics, the access log, both or nobody. */
export class Exchanges {
  readonly #parts: ExchangeObservers
  #observer: ((exchange: Exchange) => void) | undefined

  constructor(parts: ExchangeObservers) {
    this.#parts = parts
    this.#observer = this.#tell(parts.count)
  }

  /** Absent where nobody wants to know, and then it costs nothing. */
  get observer(): ((exchange: Exchange) => void) | undefined {
    return this.#observer
  }

  /** Writes the access log as this config says from now on. */
  use({ access, addresses }: LogConfig): void {
    const { count, log } = this.#parts
    this.#observer = this.#tell(bothOf(count, access ? createAccessLog(log, addresses) : undefined))
  }

  #tell(observe: Observe | undefined): ((exchange: Exchange) => void) | undefined {
    const { sent } = this.#parts
    return observe && ((exchange) => observe(exchange, sent.of(exchange)))
  }
}

function bothOf(one: Observe | undefined, other: Observe | undefined): Observe | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return (exchange, sent) => {
    one(exchange, sent)
    other(exchange, sent)
  }
}
