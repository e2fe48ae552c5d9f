import type { Handshake } from '../../runtime.ts'
import type { CauseId } from '../errors/causes.ts'

export type Family = 4 | 6

/** What went wrong, by the ids of `doctor --error`. */
export interface Fault {
  readonly cause: CauseId
  /** In words, without secrets. */
  readonly detail: string
}

/** What one name server of this machine says of a name, when it alone is asked. */
export interface NameServerFacts {
  readonly server: string
  readonly addresses: readonly string[]
  /** Absent where it gives addresses. */
  readonly fault?: 'no such name' | 'no address' | 'server failure' | 'refused' | 'no sense' | 'no answer'
}

/** One try to open a connection to one address. */
export interface ConnectTry {
  readonly address: string
  readonly family: Family
  /** How long it took, in milliseconds. */
  readonly milliseconds: number
  readonly fault?: Fault
}

/** What was answered over HTTP; the headers that tell who answered, and no others. */
export interface AnswerFacts {
  readonly status: number
  /** What kind of document it is, such as `text/html`. */
  readonly type?: string
  readonly server?: string
  readonly via?: string
  /** `Retry-After`, as it is. */
  readonly retryAfter?: string
  /** How far the other end's clock is ahead of this machine's, in seconds; behind it, less than 0. */
  readonly clock?: number
  /** From the request to the headers of the answer, in milliseconds. */
  readonly milliseconds: number
}

/** What was found out of a part of a blob that was read. */
export interface Sample {
  readonly bytes: number
  readonly milliseconds: number
  /** Whether all of it was read, and so compared with its digest. */
  readonly whole: boolean
}

/** One request with all that it needed; what was not learnt is absent. */
export interface Exchange {
  /** What the pull wanted, such as `tag 3.10`. */
  readonly what: string
  /** Without its query. */
  readonly url: string
  readonly host: string
  readonly port: number
  /** The proxy that it went through, as `HOST:PORT`. */
  proxy?: string
  /** The addresses of the host, or of the proxy; a family that was not asked for is absent. */
  addresses?: { readonly [family in `ipv${Family}`]?: readonly string[] }
  /** How long it took to look them up, in milliseconds. */
  lookedUpIn?: number
  /** Asked one by one where a name has no address, where that took long, and where it may lead to another machine. */
  nameServers?: readonly NameServerFacts[]
  readonly tries: ConnectTry[]
  /** `fault` by what the runtime trusts; where it refuses, whether the authorities that browsers trust do not. */
  tls?: Handshake & {
    readonly isPublic?: boolean
    /** What opens TLS on the way, where an issuer of the certificate says so. */
    readonly inspectedBy?: string
  }
  answer?: AnswerFacts
  /** Whether a part of a blob was given for `Range`. */
  range?: 'honoured' | 'ignored'
  sample?: Sample
  fault?: Fault
}

/** A pull from one endpoint, over one family of addresses. */
export interface PullFacts {
  /** Where the runtime would ask, such as `https://mirror.example/v2`. */
  readonly endpoint: string
  readonly role: 'door' | 'mirror' | 'registry'
  readonly family: Family
  readonly exchanges: readonly Exchange[]
  /** Whether the whole of it came; */
  readonly works: boolean
  /** What it failed of, and where. */
  readonly failed?: Fault & { readonly what: string; readonly host: string; readonly port: number }
}

/** Carries a fault through the layers of a fetch. */
export class PullFault extends Error {
  readonly fault: Fault
  constructor(fault: Fault) {
    super(fault.detail)
    this.fault = fault
  }
}
