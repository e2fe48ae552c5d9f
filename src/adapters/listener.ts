/** A listening service, whatever the runtime. */
export interface Listener {
  readonly host: string
  /** The port that was really taken; differs from what was asked for when that was 0. */
  readonly port: number
  /** From now on every reply is the last of its connection; new connections are still taken. */
  announceEnd(): void
  /** Stops accepting, lets what runs finish for at most `milliseconds`, then cuts the rest. */
  drain(milliseconds: number): Promise<void>
}

/** What was refused before a door saw it. */
export interface RefusedRequest {
  readonly status: number
  /** Of a closed set of sentences, so that it may label a metric. */
  readonly reason: string
  /** Address of the connection's other end. */
  readonly peer: string
}

/** Who reads plain requests: ourselves, or node:http, which reads all others in any case. */
export type RequestReader = 'plain' | 'node-http'

/** Where to listen, and who is told of what happens there. */
export interface ListenOptions {
  readonly host: string
  readonly port: number
  /** Told of what made the service throw. */
  readonly onError: (error: unknown) => void
  /** Told of what was refused, a connection beyond `maxConnections` included. */
  readonly onRefused?: (refusal: RefusedRequest) => void
  /** Connections at once; those beyond get 503. By default as many as the process may have open files for. */
  readonly maxConnections?: number
  /** Whether other processes may listen there too: the system gives each connection to one of them. */
  readonly reusePort?: boolean
  /** `plain` by default. */
  readonly reader?: RequestReader
  /** In place of `TIME_LIMITS`, for tests. */
  readonly timeLimits?: Partial<TimeLimits>
}

/** How long a client may take for what, in milliseconds, the same on every runtime. */
export interface TimeLimits {
  /** From the connection to its first byte. */
  readonly firstByte: number
  /** From the first byte of a request to the last of its headers. */
  readonly headers: number
  /** From an answer to the first byte of the next request. */
  readonly idle: number
  /** For taking a bufferful of an answer. */
  readonly send: number
  /** For hanging up after the last answer; what it still sends is read and thrown away. */
  readonly hangUp: number
  /** From the listener's last hour to a request that was on its way. */
  readonly lastRequest: number
}

export const TIME_LIMITS: TimeLimits = {
  firstByte: 10_000,
  headers: 10_000,
  idle: 60_000,
  send: 60_000,
  hangUp: 2000,
  lastRequest: 1000,
}

/** How large the start of a request may be, the same on every runtime. */
export const HEADER_LIMITS = {
  /** All of a request up to its body, in bytes. */
  bytes: 16_384,
  count: 100,
} as const
