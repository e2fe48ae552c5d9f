import { expect, test } from 'vitest'
import type { AuditFindingKind, AuditReport } from '../replication/audit-report.ts'
import { auditExitCode, oldOrphans } from './audit-report.ts'

const HOUR = 3_600_000

function reportOf(kinds: readonly AuditFindingKind[], orphans: readonly object[] = []): AuditReport {
  const findings = kinds.map((kind) => ({ kind, message: '', images: [], imageCount: 0 }))
  const counts = { expected: 0, read: 0, readBytes: 0, fetched: 0, fetchedBytes: 0 }
  const requests = { store: 0, clients: 0 }
  const about = { store: 'paris', location: 'paris', basis: 'upstream', notes: [], requests } as const
  const store = { ...about, findings, orphans: orphans as never, ...counts }
  return { at: 100 * HOUR, stores: [store], registries: [], faults: [] }
}

test.each<
  [what: string, kinds: AuditFindingKind[], faults: ('UNREACHABLE' | 'CONTENT_INVALID')[], code: number]
>([
  ['nothing', [], [], 0],
  ['a blob that is missing', ['missing'], [], 1],
  ['a blob that is missing, and one that could not be read', ['missing', 'unreadable'], ['UNREACHABLE'], 1],
  ['a store that does not answer', ['unreadable'], [], 3],
  ['an upstream that does not answer', [], ['UNREACHABLE'], 3],
  ['an upstream that says what cannot be', [], ['UNREACHABLE', 'CONTENT_INVALID'], 1],
])('an audit that finds %s ends with its code', (_, kinds, faults, code) => {
  const found = faults.map((each) => ({ code: each }))
  expect(auditExitCode(reportOf(kinds), found)).toBe(code)
})

test('orphans may go when they are old enough and in no inventory', () => {
  const orphans = [
    { key: 'old', modified: 50 * HOUR, isListed: false },
    { key: 'just', modified: 90 * HOUR, isListed: false },
    { key: 'young', modified: 90 * HOUR + 1, isListed: false },
    { key: 'listed', modified: 0, isListed: true },
  ]
  expect(oldOrphans(reportOf([], orphans), 10 * HOUR).map(({ key }) => key)).toEqual(['old', 'just'])
})
