/** Degrees north and east. */
export interface Coordinates {
  readonly lat: number
  readonly lon: number
}

/** Where a backend or a client is, as exactly as is known. */
export interface Place {
  /** As config and logs write it: `aws/eu-west-3`, a cloud alone (`aws`), `country/FR`, or `anycast`. */
  readonly name: string
  readonly cloud?: string
  readonly region?: string
  /** The region that a border group or local zone belongs to, where the two differ. */
  readonly parent?: string
  /** ISO 3166-1 alpha-2. */
  readonly country?: string
  readonly coordinates?: Coordinates
}

/** How the place of a client was found out, the surest first; `given` by the runtime or by whoever asks. */
export type PlaceSource = 'given' | 'override' | 'range' | 'asn' | 'country'
