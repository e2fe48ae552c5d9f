import type { Place } from '../clouds/place.ts'

/** Conditions on a client and on what it asks for: each holds when the value is one of those listed, none always. */
export interface Conditions {
  readonly cloud?: readonly string[]
  readonly region?: readonly string[]
  readonly country?: readonly string[]
  /** Prefixes in text form, of which one must hold the client's address. */
  readonly prefix?: readonly string[]
  /** Patterns, of which the repository must match one: a glob, or a regular expression between slashes. */
  readonly repository?: readonly string[]
}

/** Whether a rule has conditions about the place of a client. */
export function asksForPlace({ cloud, region, country }: Conditions): boolean {
  return cloud !== undefined || region !== undefined || country !== undefined
}

/**
 * Whether all conditions of a rule hold that are about the place of a client; one about what is not known of the client
 * does not hold.
 */
export function conditionsHold(when: Conditions, client: Place | undefined): boolean {
  return (
    holds(when.cloud, client?.cloud) &&
    (holds(when.region, client?.region) || holds(when.region, client?.parent)) &&
    holds(when.country, client?.country)
  )
}

function holds(allowed: readonly string[] | undefined, value: string | undefined): boolean {
  return allowed === undefined || (value !== undefined && allowed.includes(value))
}
