import type { Day } from './day.ts'

/** One host and port that clients of a registry are sent to, and in which days. */
export interface Endpoint {
  readonly host: string
  readonly port: number
  /** What is there, in words, such as `store paris: blobs`. */
  readonly why: readonly string[]
  /** The day on which it was published. */
  readonly announced: Day
  /** The serial of the list that published it first. */
  readonly serial: number
  /** The first day on which clients may be sent there. */
  readonly from: Day
  /** The last one; absent while no end is planned. */
  readonly until?: Day
  /** Why clients are sent there without the usual notice; absent where it was given. */
  readonly emergency?: string
}

/** What a registry's operator publishes of the hosts that its clients need, signed by a key that no door holds. */
export interface EndpointsStatement {
  /** Of this form. */
  readonly version: 1
  /** The host that image references name. */
  readonly registry: string
  /** Grows by each publication, so that an older one cannot pass for the newest. */
  readonly serial: number
  /** The day on which this one was made. */
  readonly issued: Day
  /** The day of the first one. */
  readonly since: Day
  /** For how many days a host is published before clients are sent there. */
  readonly notice: number
  readonly endpoints: readonly Endpoint[]
}

/** The path at which a door serves its statement, and with `.sig` behind it the signature, as base64. */
export const ENDPOINTS_PATH = '/.well-known/portolan/endpoints.json'

/** The most days of notice that a list may promise. */
export const NOTICE_MAX = 365

/** The statement as it is signed and served. */
export function formatStatement(statement: EndpointsStatement): string {
  return `${JSON.stringify(statement, null, 2)}\n`
}
