import type { Config } from '../config/config.ts'
import type { Log } from '../telemetry/log.ts'
import { createAccessLog } from './access-log.ts'
import type { Exchange } from './door.ts'
import type { Observe, SentBytes } from './sent.ts'

export interface ExchangeObservers {
  /** Counts all of them; absent where nothing is counted. */
  readonly count?: Observe | undefined
  /** Counts what sponsors pay for. */
  readonly spend: Observe
  readonly log: Log
}

/** Whoever wants to be told of answered requests: the metrics, the accounts of sponsors, the access log, or nobody. */
export class Exchanges {
  readonly #sent: Pick<SentBytes, 'of'>
  readonly #parts: ExchangeObservers
  #observer: ((exchange: Exchange) => void) | undefined

  /** `sent` says what a request comes to for a backend: once for all who are told. */
  constructor(sent: Pick<SentBytes, 'of'>, parts: ExchangeObservers) {
    this.#sent = sent
    this.#parts = parts
    this.#observer = this.#tell(parts.count)
  }

  /** Absent where nobody wants to know, and then it costs nothing. */
  get observer(): ((exchange: Exchange) => void) | undefined {
    return this.#observer
  }

  /** Tells whom this config wants to be told from now on. */
  use({ log: { access, addresses }, sponsors }: Pick<Config, 'log' | 'sponsors'>): void {
    const { count, spend, log } = this.#parts
    const paid = sponsors === undefined ? count : bothOf(count, spend)
    this.#observer = this.#tell(bothOf(paid, access ? createAccessLog(log, addresses) : undefined))
  }

  #tell(observe: Observe | undefined): ((exchange: Exchange) => void) | undefined {
    return observe && ((exchange) => observe(exchange, this.#sent.of(exchange)))
  }
}

function bothOf(one: Observe | undefined, other: Observe | undefined): Observe | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return (exchange, sent) => {
    one(exchange, sent)
    other(exchange, sent)
  }
}
