/**
 * What Cloudflare lends to a worker, as far as the door uses it. Its own types fit, and nobody has to install them:
 * https://developers.cloudflare.com/workers/runtime-apis/
 */

/** A KV namespace. */
export interface KeyValueStore {
  get(key: string): Promise<string | null>
  get(key: string, type: 'arrayBuffer'): Promise<ArrayBuffer | null>
  put(key: string, value: string): Promise<void>
}

/** `caches.default`: what the workers of one data centre keep for each other. */
export interface SharedCache {
  match(url: string): Promise<Response | undefined>
  put(url: string, response: Response): Promise<unknown>
}

/** `request.cf`: what Cloudflare knows of a client. Absent fields are not known. */
export interface RequestOrigin {
  /** The number of the client's autonomous system. */
  readonly asn?: number
  /** ISO 3166-1 alpha-2; `T1` for Tor, `XX` where it is not known. */
  readonly country?: string
  /** Degrees, as text. */
  readonly latitude?: string
  readonly longitude?: string
}
