import type { CauseId } from '../errors/causes.ts'
import type { NeededHost } from '../needed-hosts.ts'
import type { Family, PullFacts } from './facts.ts'

/** `unknown` is what was not tried, or could not be: never a "no". */
export type Verdict = 'pass' | 'warn' | 'fail' | 'unknown'

/** A setting of the runtime that does not do what it should. */
export interface SettingFinding {
  readonly file: string
  readonly line: number
  readonly effect: 'broken' | 'unused' | 'partial'
  readonly problem: string
  readonly fix: string
}

/** What a runtime's settings say of pulls, without its secrets. */
export interface RuntimeFacts {
  /** Such as `containerd`; `shell` for the environment of this command alone. */
  readonly runtime: string
  readonly family?: Family
  /** Where its proxies are set, and to what, without logins; empty where it has none. */
  readonly proxies: {
    readonly from: string
    readonly http?: string
    readonly https?: string
    readonly none?: string
  }
  /** The files of its authorities, and how many there are. */
  readonly authorities: {
    readonly files: readonly string[]
    readonly count: number
    /** How many of them were installed after the runtime had started, so that it does not know them. */
    readonly late?: number
  }
  /** When its process has started, where that is known. */
  readonly since?: string
  /** The unit of that process, such as `k3s.service`. */
  readonly unit?: string
  readonly endpoints: readonly string[]
  readonly findings: readonly SettingFinding[]
}

/** One thing that was looked at. */
export interface Check {
  /** What it is about: a step of a pull, or the runtime's settings. */
  readonly check: 'settings' | 'dns' | 'connect' | 'tls' | 'range' | 'clock' | 'pull'
  /** `HOST:PORT`, an endpoint, or a file with its line. */
  readonly at: string
  readonly family?: Family
  readonly verdict: Verdict
  readonly cause?: CauseId
  /** In words. */
  readonly says: string
}

/** What is wrong, in one sentence, whose it is and what to type. */
export interface Summary {
  readonly verdict: Verdict
  readonly sentence: string
  readonly cause?: CauseId
  readonly host?: string
  readonly port?: number
  /** Who can mend it. */
  readonly owner?: string
  /** The quickest first; in backticks what to type. */
  readonly try: readonly string[]
}

/** All that a look at the network has found. */
export interface NetworkReport {
  readonly image: string
  readonly view: RuntimeFacts
  readonly pulls: readonly PullFacts[]
  readonly checks: readonly Check[]
  readonly allow: readonly NeededHost[]
  readonly summary: Summary
}
