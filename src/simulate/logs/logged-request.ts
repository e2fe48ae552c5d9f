/** One request as a log tells of it, whatever the log: what the simulation replays. */
export interface LoggedRequest {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly client: LoggedClient
  readonly method: string
  /** Raw path and query as the door would get them. */
  readonly target: string
  /** Of the content that the answer had; absent where the log does not say, as with a redirect. */
  readonly bytes?: number
  /** Whether whoever wrote the log has reckoned these bytes, and did not know them. */
  readonly isEstimate?: boolean
  /** What no other request of the log has: a line that was shipped twice has it twice. Absent where the log has none. */
  readonly id?: string
}

/** Who asked, as far as the log says; empty for somewhere. */
export interface LoggedClient {
  /** Of a masked one, the first of its network. */
  readonly address?: string
  /** Whether the address stands for all of its network. */
  readonly isMasked?: true
  /** As {@link Place.name}; it goes before what is known of the address, which may be masked. */
  readonly place?: string
  /** Number of the autonomous system that it is in. */
  readonly asn?: number
}

/** What a line of a log is: a request, something else that belongs there, or why it cannot be read. */
export type LogLine = LoggedRequest | Aside | Unreadable

/** A line that is no request for content, such as a log's header or what a door says of itself. */
export interface Aside {
  readonly aside: true
}

export interface Unreadable {
  readonly why: string
}

export const ASIDE: Aside = { aside: true }

export function isRequest(line: LogLine): line is LoggedRequest {
  return 'target' in line
}

export function isAside(line: LogLine): line is Aside {
  return 'aside' in line
}

/** Reads the lines of one log, in their order. */
export type LineReader = (line: string) => LogLine

/** A form of logs. */
export interface LogFormat {
  readonly id: FormatId
  /** Begins with the first line, or in the middle with the last header before it. */
  readonly open: () => LineReader
  /** How a line begins that says what the fields of the following ones are; absent where none does. */
  readonly header?: string
}

export const FORMAT_IDS = [
  'portolan',
  'archeio',
  'cloud-run',
  'fastly',
  'cloudfront',
  's3',
  'combined',
] as const

export type FormatId = (typeof FORMAT_IDS)[number]
