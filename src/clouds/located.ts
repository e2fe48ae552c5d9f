import type { Place, PlaceSource } from './place.ts'

/** A place and how it was found out: what the range table gives for an address. */
export interface Located {
  readonly place: Place
  readonly source: PlaceSource
}
