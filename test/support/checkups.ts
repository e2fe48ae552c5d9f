import { parse } from 'semver'
import { type CheckRequest, Checkup } from '../../src/migrate/node-check/checkup.ts'
import { memoryFiles } from './node-files.ts'

/** What a check of some files finds: `FILE:LINE RULE EFFECT`, and `REGISTRY -> ASKS STATE, then FALLBACK`. */
export interface CheckedUp {
  readonly faults: readonly string[]
  readonly mirrors: readonly string[]
  readonly problems: readonly string[]
}

/** Runs a check over a machine in memory. */
export function checkedUp(
  check: (checkup: Checkup) => void,
  texts: Readonly<Record<string, string>>,
  { version, ...request }: Omit<CheckRequest, 'version'> & { readonly version?: string | undefined } = {},
): CheckedUp {
  const parsed = version === undefined ? undefined : parse(version)!
  const checkup = new Checkup('test', memoryFiles(texts), { ...request, ...(parsed && { version: parsed }) })
  check(checkup)
  return {
    faults: checkup.findings.map(({ file, line, rule, effect }) => `${file}:${line} ${rule} ${effect}`),
    mirrors: checkup.mirrors.map(
      ({ registry, asks, state, fallback }) => `${registry} -> ${asks} ${state}, then ${fallback}`,
    ),
    problems: checkup.findings.map(({ problem }) => problem),
  }
}
