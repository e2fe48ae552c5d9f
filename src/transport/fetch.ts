import type { Fetch } from '../runtime.ts'

/** One concern around a fetch. */
export type Layer = (next: Fetch) => Fetch

/** Puts layers around a fetch; the first is the outermost. */
export function layered(fetch: Fetch, ...layers: readonly Layer[]): Fetch {
  return layers.reduceRight((next, layer) => layer(next), fetch)
}
