import { compilePattern } from '../../config/compile-pattern.ts'
import { type LegacyConfig, PHASE_KINDS, type PhaseConfig } from '../../config/legacy-config.ts'
import type { DrawKey } from '../draw.ts'
import type { Client } from '../locate.ts'
import { type Cohort, compileCohort, isInCohort, legacySalt } from './cohort.ts'

/** A phase, ready to be asked. */
export interface Phase {
  readonly config: PhaseConfig
  readonly cohort: Cohort
}

/** The schedule of an old name, ready to be asked. */
export interface Schedule {
  /** The strictest first. */
  readonly phases: readonly Phase[]
  readonly salt: DrawKey
  /** How long before a phase begins the list may have been checked, in milliseconds. */
  readonly maxAge: number
}

/** What is known about whether the new name has what the old one has. */
export type Proof =
  | { readonly kind: 'none'; readonly why: string }
  | {
      readonly kind: 'checked'
      /** When that was, in milliseconds since 1970. */
      readonly at: number
      /** How many contents are missing there, or stand for something else. */
      readonly lacking: number
      /** How many could not be asked for. */
      readonly unknown: number
    }

/** What a schedule is held against. */
export interface Standing {
  readonly proof: Proof
  /** Why nobody may be sent to the new name; absent where they may. */
  readonly closed?: string | undefined
  /** The phases that an operator has switched off, or all. */
  readonly off: ReadonlySet<string> | 'all'
  /** The phases that have ended by themselves. */
  readonly ended: ReadonlySet<string>
  /** The phases that have been on: what is not known any more does not undo them. */
  readonly begun: ReadonlySet<string>
}

/** How a phase stands: not yet, kept from beginning, in force, at its end, switched off, or ended by itself. */
export type PhaseState =
  | { readonly state: 'planned' | 'on' | 'over' | 'off' | 'ended' }
  | { readonly state: 'held'; readonly why: string }

/** Makes a schedule ready. */
export function compileSchedule({ host, maxAge, phases }: LegacyConfig): Schedule {
  const strictness = ({ phase }: PhaseConfig) => PHASE_KINDS.indexOf(phase)
  return {
    phases: phases
      .toSorted((one, other) => strictness(other) - strictness(one))
      .map((config) => ({ config, cohort: compileCohort(config, compilePattern) })),
    salt: legacySalt(host),
    maxAge,
  }
}

/** How a phase stands at a moment, in milliseconds since 1970. Pure: every door that knows the same says the same. */
export function stateOf(
  phase: PhaseConfig,
  now: number,
  { off, ended, ...standing }: Standing,
  maxAge: number,
): PhaseState {
  if (phase.until !== undefined && now >= phase.until) return { state: 'over' }
  if (now < phase.from) return { state: 'planned' }
  if (ended.has(phase.id)) return { state: 'ended' }
  if (off === 'all' || off.has(phase.id)) return { state: 'off' }
  const why = phase.phase === 'announce' ? undefined : heldBy(phase, standing, maxAge)
  return why === undefined ? { state: 'on' } : { state: 'held', why }
}

/** The strictest phase that is in force for a client and what it asks for; `undefined` for none. */
export function phaseFor(
  { phases, salt, maxAge }: Schedule,
  now: number,
  standing: Standing,
  client: Client,
  repository: string | undefined,
): PhaseConfig | undefined {
  return phases.find(
    ({ config, cohort }) =>
      stateOf(config, now, standing, maxAge).state === 'on' && isInCohort(cohort, client, repository, salt),
  )?.config
}

/** Why a phase must not begin, or go on. */
function heldBy(
  { id, phase, from }: PhaseConfig,
  { proof, begun, closed }: Pick<Standing, 'proof' | 'begun' | 'closed'>,
  maxAge: number,
): string | undefined {
  if (phase === 'redirect' && closed !== undefined) return closed
  const hasBegun = begun.has(id)
  const lack = lackOf(proof, hasBegun)
  if (lack !== undefined || proof.kind === 'none' || hasBegun) return lack
  return proof.at < from - maxAge ? 'the list was checked too long before it begins' : undefined
}

/** What is not shown to be at the new name, whichever phase it holds; what is not known holds none that `hasBegun`. */
export function lackOf(proof: Proof, hasBegun = false): string | undefined {
  if (proof.kind === 'none') return proof.why
  const { lacking, unknown } = proof
  if (lacking > 0) return `the new name lacks ${lacking} of what the old one has`
  if (hasBegun || unknown === 0) return undefined
  return `of ${unknown} contents it is not known whether the new name has them`
}
