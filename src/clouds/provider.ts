import type { Prefix } from '../net/prefix.ts'

/** A prefix and the name of the place that its addresses are in. */
export interface PlacedPrefix {
  readonly prefix: Prefix
  readonly place: string
}

/** What a provider's list says, once it is known to be plausible. */
export interface ProviderRanges {
  /** When the provider made the list, in the list's own words. */
  readonly date?: string
  /** No prefix twice. */
  readonly entries: readonly PlacedPrefix[]
}

/** A cloud or network that publishes the addresses it uses. */
export interface Provider {
  /** The cloud's name in places, rules and file names. */
  readonly id: string
  readonly title: string
  /** The vendor's page that describes the list. */
  readonly page: string
  /** Address of the list; with `locate`, of a page that names it. */
  readonly url: string
  /** Finds the list's address in the page at `url`, for a list whose address changes with every issue. */
  readonly locate?: (html: string) => string
  /** The list's name in a folder of saved lists. */
  readonly fileName: string
  /** About ten times the size of the list when this was written; more is refused before it is read. */
  readonly maxBytes: number
  /** At most half of what the list held when this was written; fewer is taken for a truncated list. */
  readonly minPrefixes: number
  /** The list is known to name addresses that are nobody's, such as 6to4: leave those out and keep the rest. */
  readonly dropsSpecial?: boolean
  /** Reads the list. Throws `CONTENT_INVALID`, naming provider, path and value, when it is not one to trust. */
  readonly parse: (bytes: Uint8Array) => ProviderRanges
}
