import type { Presence } from '../routing/decide.ts'
import type { HealthReport } from './facts.ts'

/**
 * What doors that run beside each other find out for one another, where a runtime lets them. None of it is waited for
 * longer than what it stands for, and nothing of it may reject.
 */
export interface SharedFindings {
  readonly presence?: SharedPresence
  readonly checks?: SharedChecks
}

/** What others found of the content of a backend; a key stands for one content in it, such as a digest. */
export interface SharedPresence {
  /** What another door found, no earlier than `since`, in milliseconds since 1970; `undefined` when none did. */
  find(fingerprint: string, key: string, since: number): Promise<Presence | undefined>
  /** Tells the others for so many milliseconds. */
  keep(fingerprint: string, key: string, finding: Presence, milliseconds: number): Promise<void>
}

/** Checks that others made. */
export interface SharedChecks {
  /** What the latest one of this backend came to, where that counts still: then nobody else need check it. */
  latest(fingerprint: string): Promise<SharedCheck | undefined>
}

/** A check that another door has made. */
export interface SharedCheck {
  readonly report: HealthReport
  /** When its outcome was told, in milliseconds since 1970: it counts once. */
  readonly at: number
}
