import type { Found, Span } from './found.ts'

/** Why a reference is reported. */
export type Verdict =
  /** It has a new name: `replacement` is there. */
  | 'moved'
  /** Its name is old, and what it names was never there or is not at the new one either; `note` says the way out. */
  | 'lost'
  /** It is on a host that is related, and should be looked at by people. */
  | 'related'

/** A change of a text at one place. */
export interface Edit extends Span {
  readonly text: string
}

/** A reference that the map says something about. */
export interface Finding extends Found {
  readonly path: string
  /** Counted from 1; the column in UTF-16 code units. */
  readonly line: number
  readonly column: number
  /** As written, its parts put together. */
  readonly written: string
  /** As understood: host in lower case, `docker.io` and `latest` not filled in. */
  readonly understood: string
  readonly verdict: Verdict
  /** What it becomes, its parts put together. */
  readonly replacement?: string
  /** What to change for that; none when it cannot be changed in place, and `note` says why. */
  readonly edits: readonly Edit[]
  readonly note?: string
  /** In a live cluster: how many pods of its owner run it now. */
  readonly pods?: number
}
