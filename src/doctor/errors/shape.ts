import type { CauseId } from './causes.ts'

/** Words that programs print when a pull fails, and what they mean. */
export interface Shape {
  /** The same message in its wordings, with placeholders: `lookup {host} on {address}: no such host`. */
  readonly says: readonly [string, ...string[]]
  /** The likeliest first. */
  readonly causes: readonly [CauseId, ...CauseId[]]
  /** The same where a blob was asked for, if that makes another. */
  readonly ofBlob?: readonly [CauseId, ...CauseId[]]
  /** What these words tell beyond their cause, in one sentence. */
  readonly note?: string
  /** Words that also stand where another message says more: these count when nothing else was said. */
  readonly vague?: true
  /** Where the words come from: the part of a program or library that prints them, or the page that lays them down. */
  readonly source: string
  /** Not printed here by a real client, but read in that source. */
  readonly unseen?: true
}

/** A message as Go's HTTP client prints it, which puts the request before it (net/url, `Error.Error`). */
export function ofRequest(message: string): [string, string] {
  return [`Get "{url}": ${message}`, `Head "{url}": ${message}`]
}
