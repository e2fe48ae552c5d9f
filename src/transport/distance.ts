import type { Clock } from '../runtime.ts'
import type { Layer } from './fetch.ts'

/** Hosts come from redirects too, and so from outside. */
const HOSTS_MAX = 1000

/** How far hosts are: the shortest time, in milliseconds, in which each has begun an answer. */
export class Distances {
  readonly #least = new Map<string, number>()

  /** `undefined` for a host that has answered nothing yet. */
  of(host: string): number | undefined {
    return this.#least.get(host)
  }

  /** The fastest answer says how far it is: slower ones have waited for a handshake, or for whoever answers. */
  note(host: string, milliseconds: number): void {
    if (this.#least.size >= HOSTS_MAX && !this.#least.has(host)) this.#least.clear()
    this.#least.set(host, Math.min(milliseconds, this.#least.get(host) ?? Number.POSITIVE_INFINITY))
  }
}

/** Notes how long each host takes to begin an answer. */
export function withDistances(distances: Distances, { now }: Pick<Clock, 'now'>): Layer {
  return (next) => async (url, init) => {
    const askedAt = now()
    const response = await next(url, init)
    distances.note(new URL(url).host, now() - askedAt)
    return response
  }
}
