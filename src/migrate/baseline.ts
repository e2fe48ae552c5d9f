import { PortolanError } from '../errors.ts'
import type { Finding } from './finding.ts'

/** Findings that are known already, and are not counted again; how many there are of each. */
export interface Baseline {
  readonly counts: ReadonlyMap<string, number>
}

/**
 * What tells a finding from others while lines above it come and go: where it is, what it belongs to, and the
 * reference as understood. Two that agree in all of that are told apart by their number alone.
 */
export function fingerprintOf({ path, owner, understood }: Finding): string {
  return `${path} | ${owner} | ${understood}`
}

/** Splits findings into those that a baseline does not know, and the number of those that it does. */
export function applyBaseline(
  findings: readonly Finding[],
  { counts }: Baseline,
): { readonly fresh: readonly Finding[]; readonly known: number } {
  const left = new Map(counts)
  const fresh = findings.filter((finding) => {
    const fingerprint = fingerprintOf(finding)
    const count = left.get(fingerprint) ?? 0
    if (count > 0) left.set(fingerprint, count - 1)
    return count === 0
  })
  return { fresh, known: findings.length - fresh.length }
}

/** Writes findings as a baseline: JSON with one line for each fingerprint, in order, so that its changes can be read. */
export function formatBaseline(findings: readonly Finding[]): string {
  const counts = new Map<string, number>()
  for (const fingerprint of findings.map(fingerprintOf)) {
    counts.set(fingerprint, (counts.get(fingerprint) ?? 0) + 1)
  }
  const lines = [...counts]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([fingerprint, count]) => `    ${JSON.stringify(fingerprint)}: ${count}`)
  return `{\n  "version": 1,\n  "findings": {${lines.length > 0 ? `\n${lines.join(',\n')}\n  ` : ''}}\n}\n`
}

/** Reads a baseline. Throws `USAGE`, naming the file and what is wrong. */
export function parseBaseline(text: string, fileName: string): Baseline {
  const invalid = (what: string) =>
    new PortolanError(
      'USAGE',
      `${fileName} is no baseline: ${what}; "portolan scan --write-baseline" makes one`,
      {
        file: fileName,
      },
    )
  let content: unknown
  try {
    content = JSON.parse(text)
  } catch (error) {
    throw invalid(`it is not JSON (${error instanceof Error ? error.message : error})`)
  }
  if (!isRecord(content)) throw invalid('it is not an object')
  if (content.version !== 1)
    throw invalid(`its version is ${JSON.stringify(content.version)}, and only 1 is known`)
  if (!isRecord(content.findings)) throw invalid('its "findings" is not an object')
  const counts = new Map<string, number>()
  for (const [fingerprint, count] of Object.entries(content.findings)) {
    if (typeof count !== 'number' || !Number.isSafeInteger(count) || count < 1) {
      throw invalid(
        `the count of ${JSON.stringify(fingerprint)} is ${JSON.stringify(count)}, not a number from 1`,
      )
    }
    counts.set(fingerprint, count)
  }
  return { counts }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
