/**
 * How references move from old names to new ones, as data: the built-in map and an operator's file have this form. A
 * move is chosen by its `from`: the longest one that a reference begins with, in whole components of its path.
 */
export interface MapData {
  readonly moves: readonly Move[]
  readonly related: readonly Related[]
}

/** All that is under `from` is under `to` now. A move to its own `from` is an exception: what is under it stays. */
export interface Move {
  /** `HOST[:PORT]`, with or without the beginning of a path; `*` stands for any characters within one component. */
  readonly from: string
  readonly to: string
  readonly renames?: readonly Rename[]
  readonly lost?: readonly Lost[]
}

/** A repository whose name under `to` is not the one that it had under `from`. */
export interface Rename {
  readonly from: string
  readonly to: string
  /** What tags that are versions begin with at the new name, and did not at the old one, such as `v`. */
  readonly tagPrefix?: string
  /** The first version that the new name has; the ones before it keep the old name. */
  readonly since?: string
  /** The last version that the old name had: the way back ends there. */
  readonly until?: string
}

/** What `from` never had, though its new name has it. */
export interface Lost {
  /** Repositories under `from`; `*` stands for any characters within one component. */
  readonly names: readonly string[]
  /** A range of semantic versions, as npm writes them. */
  readonly versions: string
  readonly note: string
}

/** A name that people should look at; nothing is known of where what is under it went. */
export interface Related {
  /** As that of a move. */
  readonly from: string
  readonly note: string
}
