/** A request to a registry, and how to name in errors what is asked for. */
export interface RegistryQuestion {
  readonly url: string
  /** Such as `the tags of registry.test/images/app`. */
  readonly what: string
  /** Of every error: registry, and repository and reference where there is one. */
  readonly facts: Readonly<Record<string, string>>
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PATCH' | 'PUT'
  readonly headers?: Readonly<Record<string, string>>
  /** A stream can be sent once, bytes again. */
  readonly body?: Uint8Array | ReadableStream<Uint8Array>
  readonly signal?: AbortSignal
  /** See `FetchInit`. */
  readonly lend?: boolean
}
