import { type Config, MAIN_POLICY } from '../config/config.ts'
import type { Address } from '../net/address.ts'
import { clientKey, type DrawKey, textKey, waitingTime } from './draw.ts'
import type { Rule } from './rule.ts'

interface Share {
  readonly id: string
  /** Of all clients, from 0 to 1. */
  readonly share: number
}

/** Rules that a share of all clients goes by instead of the main ones. */
export interface RoutingPolicy extends Share {
  readonly salt: DrawKey
  readonly rules: readonly Rule[]
}

const MAIN_SALT = policySalt(MAIN_POLICY)

/** Every policy that a client may go by, the main one first; none where there is no choice. */
export function policiesOf({ policies = [] }: Pick<Config, 'policies'>): readonly Share[] {
  if (policies.length === 0) return []
  return [
    { id: MAIN_POLICY, share: mainShare(policies) },
    ...policies.map(({ id, share }) => ({ id, share })),
  ]
}

/**
 * The policy that a client goes by, whatever it asks for; `undefined` for the main one, which is also that of a client
 * whose address is not known. Another share of a policy moves clients to it or from it, and hardly any others.
 */
export function drawPolicy(
  policies: readonly RoutingPolicy[],
  address: Address | undefined,
): RoutingPolicy | undefined {
  if (address === undefined) return undefined
  const key = clientKey(address)
  let first: RoutingPolicy | undefined
  let least = waitingTime(key, MAIN_SALT) / mainShare(policies)
  for (const policy of policies) {
    const time = waitingTime(key, policy.salt) / policy.share
    if (time >= least) continue
    first = policy
    least = time
  }
  return first
}

/** What these policies leave to the main one, from 0 to 1. */
function mainShare(policies: readonly Share[]): number {
  // Sums of decimal fractions miss by some last bits.
  return Math.max(0, Math.round((1 - policies.reduce((sum, { share }) => sum + share, 0)) * 1e9) / 1e9)
}

/** By which the draw for a policy differs from all others. */
export function policySalt(id: string): DrawKey {
  return textKey(`policy ${id}`)
}
