import type { Proxies } from '../../net/proxies.ts'

/** Where a runtime asks for an image, and as what. */
export interface Endpoint {
  /** What stands before the name of a repository, such as `https://mirror.example/v2`. */
  readonly base: string
  readonly role: 'door' | 'mirror' | 'registry'
  /** The registry that is meant, where the runtime tells it in a query (`ns`). */
  readonly namespace?: string
  /** The beginning of names that `base` stands for already. */
  readonly cut?: string
  /** The runtime is told to take any certificate there, and plain HTTP where there is no TLS. */
  readonly isInsecure?: boolean
  /** Certificates (PEM) that count for this endpoint beside those of the system. */
  readonly authorities: readonly string[]
}

/** The network as a runtime of this machine sees it. */
export interface NetworkView {
  readonly proxies: Proxies
  /** The certificates (PEM) that it trusts. */
  readonly authorities: readonly string[]
  /** Those of them that the runtime cannot know, since it has been running since before they were installed. */
  readonly late?: {
    readonly certificates: readonly string[]
    /** In words: since when it has been running, and when they were installed. */
    readonly why: string
  }
  /** Any certificate will do. */
  readonly isInsecure?: boolean
  /** Those of the authorities that browsers trust: what they vouch for is what it says it is. */
  readonly publicAuthorities: readonly string[]
  /** The one family of addresses that counts; absent for both. */
  readonly only?: 4 | 6
  /** How long each step may take, in milliseconds: a name, a connection, TLS, the first byte, the next one. */
  readonly timeout: number
}
