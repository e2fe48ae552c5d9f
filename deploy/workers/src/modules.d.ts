/** What the worker's runtime lends; `wrangler types` writes all of it. */
declare module 'cloudflare:workers' {
  import type { KeyValueStore } from 'portolan/workers'

  /** The bindings, vars and secrets of wrangler.jsonc. */
  export const env: {
    readonly PORTOLAN?: KeyValueStore
    readonly ACCESS_LOG?: string
    readonly [name: string]: unknown
  }
  export function waitUntil(work: Promise<unknown>): void
}

/** A file that `rules` in wrangler.jsonc makes text. */
declare module '*.yaml' {
  const text: string
  export default text
}
