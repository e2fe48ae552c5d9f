/** A listening service, whatever the runtime. */
export interface Listener {
  readonly host: string
  /** The port that was really taken; differs from what was asked for when that was 0. */
  readonly port: number
  /** From now on every reply is the last of its connection; new connections are still taken. */
  announceEnd(): void
  /** Stops accepting, lets what runs finish for at most `milliseconds`, then cuts the rest. */
  drain(milliseconds: number): Promise<void>
  /**
   * New connections are shown this from now on; those that are there live on. Throws a `TypeError` where the listener
   * began without TLS, and whatever the runtime says of a certificate that it cannot use; what was in use stays then.
   */
  useIdentity(identity: TlsIdentity): void
  /** Has requests read by this one from now on. */
  useReader(reader: RequestReader): void
}

/** By what a listener proves over TLS who it is, all of it in PEM. */
export interface TlsIdentity {
  /** The listener's own certificate first, and then those that lead to an authority. */
  readonly certificate: string
  readonly key: string
  /** Certificates of the authorities of clients: where they are given, whoever has none of theirs is not let in. */
  readonly clientCA?: string | undefined
}

/** What was refused before a door saw it. */
export interface RefusedRequest {
  /** `tls` where it was no request yet: a handshake that failed. */
  readonly status: number | 'tls'
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
  /** Whether new connections get 503 while requests wait too long for their turn; no by default. */
  readonly shedsLoad?: boolean
  /** `plain` by default. */
  readonly reader?: RequestReader
  /** With it, the listener speaks TLS alone. */
  readonly tls?: TlsIdentity | undefined
  /** In place of `TIME_LIMITS`, for tests. */
  readonly timeLimits?: Partial<TimeLimits>
}

/** How long a client may take for what, in milliseconds, the same on every runtime. */
export interface TimeLimits {
  /** From the connection to its first byte. */
  readonly firstByte: number
  /** From the first byte of a TLS handshake to its end. */
  readonly handshake: number
  /** From the first byte of a request to the last of its headers. */
  readonly headers: number
  /** From a request to its turn; when it takes longer again and again, a listener that sheds load takes nobody new. */
  readonly turn: number
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
  handshake: 10_000,
  headers: 10_000,
  turn: 500,
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
