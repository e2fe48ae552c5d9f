/** The part of `fetch` that Portolan uses; all three runtimes have it. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>

/** One concern around a fetch. */
export type Layer = (next: Fetch) => Fetch

/** Puts layers around a fetch; the first is the outermost. */
export function layered(fetch: Fetch, ...layers: readonly Layer[]): Fetch {
  return layers.reduceRight((next, layer) => layer(next), fetch)
}
