import type { LogConfig } from '../config/config.ts'
import type { Log } from '../telemetry/log.ts'
import { createAccessLog } from './access-log.ts'
import type { Exchange } from './door.ts'

type Observe = (exchange: Exchange) => void

/** Whoever wants to be told of answered requests: the metrics, the access log, both or nobody. */
export class Exchanges {
  readonly #count: Observe | undefined
  readonly #log: Log
  #observer: Observe | undefined

  constructor(count: Observe | undefined, log: Log) {
    this.#count = count
    this.#log = log
    this.#observer = count
  }

  /** Absent where nobody wants to know, and then it costs nothing. */
  get observer(): Observe | undefined {
    return this.#observer
  }

  /** Writes the access log as this config says from now on. */
  use({ access, addresses }: LogConfig): void {
    this.#observer = bothOf(this.#count, access ? createAccessLog(this.#log, addresses) : undefined)
  }
}

function bothOf(one: Observe | undefined, other: Observe | undefined): Observe | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return (exchange) => {
    one(exchange)
    other(exchange)
  }
}
