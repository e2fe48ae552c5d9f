import type { Finding } from './finding.ts'

/** Takes the edits from a finding, and says why. */
export function withheld(finding: Finding, reason: string): Finding {
  return { ...finding, edits: [], note: finding.note === undefined ? reason : `${finding.note}; ${reason}` }
}
