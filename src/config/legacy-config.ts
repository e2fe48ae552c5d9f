import type { Conditions } from './condition.ts'

/** What may be done to an old name, the mildest first: a schedule goes from one to the next. */
export const PHASE_KINDS = ['announce', 'warn', 'brownout', 'redirect', 'refuse'] as const
export type PhaseKind = (typeof PHASE_KINDS)[number]

/** What stands for every phase where phases are named by their ids; none is called so. */
export const EVERY_PHASE = 'all'

/** An old name of the registry that the same door answers, until it is gone. */
export interface LegacyConfig {
  /** As image references name it, lower case, without a port. */
  readonly host: string
  /** Other hosts that are the same, such as those of regions. */
  readonly names: readonly string[]
  readonly successor: SuccessorConfig
  /** The first day on which nothing new came under the old name, such as `2026-04-03`. */
  readonly frozen: string
  /** File of what the old name has, which `portolan legacy check` writes, absolute; absent where there is none yet. */
  readonly list?: string
  /** How long before a phase begins the list may have been checked at the most, in milliseconds. */
  readonly maxAge: number
  /** File in which the door keeps what became of the phases, absolute; absent where it is known until the next start alone. */
  readonly record?: string
  /** File of the phases that are switched off, absolute; absent where none can be. */
  readonly off?: string
  /** A page that says more. */
  readonly info?: string
  readonly failures: FailuresConfig
  /** In the order of the file, which needs not be that of time. */
  readonly phases: readonly PhaseConfig[]
}

/** The name that takes the place of the old one. */
export interface SuccessorConfig {
  /** As image references name it, such as `registry.example` or `registry.example:5000`. */
  readonly host: string
  /** Origin, without a slash at the end. */
  readonly url: string
}

/** When a phase ends by itself. */
export interface FailuresConfig {
  /** From 0 to 1: of its clients within five minutes, the share that may fail; a client is a network in a minute. */
  readonly share: number
  /** How many clients there must be within that time before it counts. */
  readonly least: number
}

/** What is done to whom, and when. */
export interface PhaseConfig {
  /** As the log, the metrics and the file of switches name it. */
  readonly id: string
  readonly phase: PhaseKind
  /** Milliseconds since 1970. */
  readonly from: number
  /** The first moment in which it is over, likewise; absent where it has no end. */
  readonly until?: number
  /** From 0 to 1: of all clients, those for whom it is. */
  readonly share: number
  /** Conditions on the client and on what it asks for, as rules have them. */
  readonly when: Conditions
  /** What a brownout answers: 503 with Retry-After, or 403 with the way out. */
  readonly answer: 'unavailable' | 'denied'
}
