import type { Log } from './telemetry/log.ts'

/** What a request is made with. */
export interface FetchInit extends RequestInit {
  /**
   * Much is asked for, and whoever reads the body is done with a piece of it when it reads the next one: a runtime may
   * read into memory that it uses again. Of a request with a stream for a body: a piece of that is over when the next one
   * is read.
   */
  readonly lend?: boolean
}

/** The part of `fetch` that Portolan uses; every runtime has it. */
export type Fetch = (url: string, init: FetchInit) => Promise<Response>

/** Calls off what was to happen; does nothing when that is over. */
export type Cancel = () => void

/** Algorithms that the OCI image spec 1.1 registers (descriptor.md, "Registered algorithms"). */
export type HashAlgorithm = 'sha256' | 'sha512'

/** A hash that is fed piece by piece. */
export interface Hash {
  update(bytes: Uint8Array): void
  /** Ends it; lower-case hexadecimal digits. */
  hex(): string
}

/** Begins a hash. */
export type CreateHash = (algorithm: HashAlgorithm) => Hash

/**
 * What a runtime lends, and the only way to time, chance, the network, hashes and work in the background. Functions
 * need no `this`: each may be handed on alone.
 */
export interface Runtime {
  readonly fetch: Fetch
  /** Milliseconds since some fixed moment; never goes back. */
  readonly now: () => number
  /** The date and time as people have it; it may go back. */
  readonly date: () => Date
  /** Calls back once after so many milliseconds. */
  readonly after: (milliseconds: number, work: () => void) => Cancel
  /** From 0 up to 1. */
  readonly random: () => number
  /** The web's own crypto cannot hash a stream. */
  readonly createHash: CreateHash
  readonly log: Log
  /** Who asks, in `User-Agent`. */
  readonly userAgent: string
  /**
   * The addresses of a name, as text. Absent where the runtime does not resolve names itself: behind a proxy, and in
   * workers. Rejects when there are none.
   */
  readonly lookup?: (hostname: string) => Promise<readonly string[]>
  /** What lies below `fetch`, for who wants to know where a connection fails. Absent where there is nothing of it. */
  readonly sockets?: Sockets
  /**
   * Lets work go on after the request that began it was answered, which some runtimes end with the request. The work
   * must not reject.
   */
  readonly background: (work: Promise<unknown>) => void
}

/** The network step by step. What fails rejects with the system's error, whose `code` says what it was. */
export interface Sockets {
  /** The addresses of a name in one family, as the programs of this machine get them (getaddrinfo). */
  readonly lookup: (hostname: string, family: 4 | 6) => Promise<readonly string[]>
  /** The name servers that this machine is told to ask, in their order (resolv.conf). */
  readonly nameServers: () => readonly string[]
  /**
   * What one name server says itself of a name, in so many milliseconds: by no file of this machine, and without domains to
   * search. Rejects with the `code` of c-ares, such as `ESERVFAIL`.
   */
  readonly askNameServer: (
    server: string,
    hostname: string,
    family: 4 | 6,
    milliseconds: number,
  ) => Promise<readonly string[]>
  /** Where this machine's file of hosts has a name, such as `/etc/hosts:3`. */
  readonly hostsLine: (hostname: string) => string | undefined
  /** The families of which this machine has an address that leads beyond its own link. */
  readonly families: () => readonly (4 | 6)[]
  /** Connects by TCP; a signal that aborts ends the try. */
  readonly connect: (address: string, port: number, signal: AbortSignal) => Promise<Connection>
}

/** One connection, for one request. */
export interface Connection {
  /**
   * Begins TLS on it. What the other end shows is judged by these certificates (PEM) and no others; one that nobody
   * vouches for is told and is no failure: it is to be known what is there.
   */
  secure(hostname: string, authorities: readonly string[], signal: AbortSignal): Promise<Handshake>
  /** Sends a GET of this target, which for a proxy is a whole URL, and gives what is answered, redirects too. */
  get(target: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Response>
  /** Asks a proxy for a way to `HOST:PORT`; with any other status than 200 there is none. */
  tunnel(to: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<number>
  close(): void
}

/** What was agreed on by TLS, and what the other end has shown. */
export interface Handshake {
  /** Such as `TLSv1.3`. */
  readonly protocol: string
  /** What is wrong with the certificate, as OpenSSL names it, such as `CERT_HAS_EXPIRED`. */
  readonly fault?: string
  readonly certificate?: {
    readonly subject: string
    readonly issuer: string
    /** Those above the issuer, as far as they were shown or are known. */
    readonly above: readonly string[]
    /** Host names and addresses that it is for. */
    readonly names: readonly string[]
    readonly from: Date
    readonly until: Date
  }
}

/** Time alone, for what needs nothing else. */
export type Clock = Pick<Runtime, 'now' | 'date' | 'after'>
