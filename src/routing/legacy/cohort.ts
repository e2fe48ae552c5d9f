import type { PhaseConfig } from '../../config/legacy-config.ts'
import type { Address } from '../../net/address.ts'
import { firstAddress, prefixContains } from '../../net/prefix.ts'
import { clientKey, type DrawKey, drawn, textKey } from '../draw.ts'
import type { Client } from '../locate.ts'
import { type CompilePattern, compileRule, isForRepository, type Rule, ruleApplies } from '../rule.ts'

/**
 * The network that a client is drawn by: wider than for a split, so that a cluster behind several addresses, or with
 * addresses that change, is in a cohort as a whole or not at all. 48 bits are what a site has (RFC 6177).
 */
const NETWORK_BITS = { 4: 24, 6: 48 } as const

/** For whom a phase is, ready to be asked. */
export interface Cohort {
  readonly share: number
  readonly conditions: Rule
}

/** Makes the cohort of a phase ready. */
export function compileCohort(
  { share, when }: Pick<PhaseConfig, 'share' | 'when'>,
  compilePattern: CompilePattern,
): Cohort {
  return { share, conditions: compileRule({ when, prefer: [] }, compilePattern) }
}

/** By which the draw for an old name differs from all others. */
export function legacySalt(host: string): DrawKey {
  return textKey(`legacy ${host}`)
}

/** The network of an address, as a number. */
export function networkKey(address: Address): DrawKey {
  return clientKey(firstAddress(address, NETWORK_BITS[address.family]))
}

/** What a client draws for an old name: from 0 up to but not including 1; `undefined` where its address is not known. */
export function drawNetwork(address: Address | undefined, salt: DrawKey): number | undefined {
  if (address === undefined) return undefined
  return drawn(networkKey(address), salt)
}

/**
 * Whether a client is in a cohort with what it asks for. Who is in a share is in every larger one of the same old name;
 * who cannot be told from others is in none but the whole.
 */
export function isInCohort(
  { share, conditions }: Cohort,
  { address, located }: Client,
  repository: string | undefined,
  salt: DrawKey,
): boolean {
  if (share < 1) {
    const draw = drawNetwork(address, salt)
    if (draw === undefined || draw >= share) return false
  }
  const { networks } = conditions
  if (networks !== undefined) {
    if (address === undefined || !networks.some((network) => prefixContains(network, address))) return false
  }
  return ruleApplies(conditions, located?.place) && isForRepository(conditions, repository)
}
