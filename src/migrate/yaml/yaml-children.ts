import type { Span } from '../found.ts'

/** A part of a map or list: where it stands, and by which key. */
export interface YamlChild extends Span {
  readonly key: string
  /** Where its value begins, for what is too long to be parsed at once. */
  readonly value: number
}

/** What a map or a list is made of; what is written in brackets is enclosed by `around`, with commas `between`. */
export interface YamlChildren {
  readonly items: readonly YamlChild[]
  readonly around: readonly [string, string]
  readonly between: string
}
