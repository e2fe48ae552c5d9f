import type { Place } from '../clouds/place.ts'
import type { RuleConfig } from './config.ts'

/** Whether a rule has conditions about the place of a client. */
export function asksForPlace({ cloud, region, country }: RuleConfig['when']): boolean {
  return cloud !== undefined || region !== undefined || country !== undefined
}

/**
 * Whether all conditions of a rule hold that are about the place of a client; one about what is not known of the client
 * does not hold.
 */
export function conditionsHold(when: RuleConfig['when'], client: Place | undefined): boolean {
  return (
    holds(when.cloud, client?.cloud) &&
    (holds(when.region, client?.region) || holds(when.region, client?.parent)) &&
    holds(when.country, client?.country)
  )
}

function holds(allowed: readonly string[] | undefined, value: string | undefined): boolean {
  return allowed === undefined || (value !== undefined && allowed.includes(value))
}
