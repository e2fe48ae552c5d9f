import { expect, test } from 'vitest'
import type { SyncFault } from '../replication/events.ts'
import type { StoreReport, SyncReport } from '../replication/sync-report.ts'
import { describeSync, syncExitCode } from './sync-report.ts'

const NONE = { blobs: 0, manifests: 0, bytes: 0 }
const COMPLETE: StoreReport = {
  ...{ store: 'paris', location: 's3://paris', planned: NONE, stored: NONE },
  checked: { objects: 0, read: 0, bytes: 0 },
  ...{ failed: 0, withheld: 0, held: 5, lacking: 0, complete: true },
}
const LACKING: StoreReport = {
  ...COMPLETE,
  planned: { ...NONE, blobs: 1 },
  failed: 1,
  lacking: 1,
  complete: false,
}
const DONE: SyncReport = {
  ...{ interrupted: false, dryRun: false, images: 1, manifests: 2, blobs: 3 },
  ...{ download: { blobs: 0, bytes: 0 }, downloaded: 0, stores: [COMPLETE], registries: [], faults: [] },
}
const fault = (code: SyncFault['code'], store?: string): SyncFault => ({
  code,
  message: 'a\n\x1b[2Jb',
  ...(store !== undefined && { store }),
})

test.each<[what: string, changes: Partial<SyncReport>, code: number, conclusion: string]>([
  ['all is there', {}, 0, 'Every store is complete.'],
  ['it was interrupted', { interrupted: true }, 1, 'Interrupted: the next run goes on from here.'],
  ['what was chosen is nothing', { images: 0, manifests: 0, blobs: 0 }, 1, 'Nothing was chosen: no repo'],
  ['a plan of nothing was wanted', { dryRun: true, images: 0 }, 1, 'Nothing was chosen: no repo'],
  ['it was interrupted before', { images: 0, interrupted: true }, 1, 'the next run goes on from here'],
  ['a plan is all that was wanted', { dryRun: true, stores: [LACKING] }, 0, 'Nothing was changed'],
  [
    'a store refused a blob',
    { stores: [COMPLETE, { ...LACKING, store: 'berlin' }], faults: [fault('STORE_REFUSED', 'berlin')] },
    1,
    'Not complete: berlin.',
  ],
  [
    'nothing but answers is lacking',
    { stores: [LACKING], faults: [fault('UNREACHABLE', 'paris'), fault('UNREACHABLE')] },
    3,
    'Not complete: paris.',
  ],
  [
    'an image could not be read',
    { faults: [fault('CONTENT_INVALID')], stores: [{ ...COMPLETE, complete: false }] },
    1,
    'Every store has what could be read at the upstream; whether that is all is not known.',
  ],
  [
    'a list could not be read, and so nobody knows whether anything is lacking',
    { faults: [fault('UNREACHABLE')], stores: [{ ...COMPLETE, complete: false }] },
    3,
    '  unknown   s3://paris',
  ],
])('the exit code and the last words when %s', (_, changes, code, conclusion) => {
  const report = { ...DONE, ...changes }
  expect(syncExitCode(report)).toBe(code)
  expect(describeSync(report)).toContain(conclusion)
})

test('faults are named in one line each, the first fifty of them', () => {
  const images = ['team/tool:1.0', 'team/tool:1.1']
  const faults = Array.from({ length: 60 }, () => ({ ...fault('UNREACHABLE'), images }))
  const text = describeSync({ ...DONE, faults })
  expect(text).toContain('60 faults:\n  UNREACHABLE: a [2Jb (team/tool:1.0, team/tool:1.1)\n')
  expect(text.match(/UNREACHABLE/g)).toHaveLength(50)
  expect(text).toMatch(/ {2}… and 10 more: --json has all of them\n$/)
})

test('how much of what was believed was looked at again is said', () => {
  const checked = { objects: 8, read: 7, bytes: 2048 }
  const stores = [COMPLETE, { ...COMPLETE, checked }, { ...COMPLETE, checked }]
  expect(describeSync({ ...DONE, stores })).toContain(
    'Every store is complete.\nOf what was known to be there, 16 objects were looked at again, 14 (4.0 KiB) whole.\n',
  )
})
