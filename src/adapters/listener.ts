/** A listening service, whatever the runtime. */
export interface Listener {
  readonly host: string
  /** The port that was really taken; differs from what was asked for when that was 0. */
  readonly port: number
  /** Stops accepting, lets what runs finish for at most `milliseconds`, then cuts the rest. */
  drain(milliseconds: number): Promise<void>
}

/** Where to listen, and who is told of a request that made the service throw. */
export interface ListenOptions {
  readonly host: string
  readonly port: number
  readonly onError: (error: unknown) => void
}

/** Limits against slow or oversized requests, the same on every runtime where it lets us set them. */
export const LIMITS = {
  /** All headers of a request together, in bytes. */
  headerBytes: 16_384,
  headerCount: 100,
  /** From the first byte to the last of the headers, in milliseconds. */
  headersTimeout: 10_000,
  /** From the first byte to the last of a request, in milliseconds. */
  requestTimeout: 30_000,
  /** How long an idle connection is kept, in milliseconds. */
  keepAliveTimeout: 60_000,
} as const
