import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createTestRuntime } from '../../../test/support/test-runtime.ts'
import { parseAddress } from '../../net/address.ts'
import { parseDigest } from '../../oci/digest.ts'
import type { Attempt } from './attempt.ts'
import { AttemptRecords, readAttempts } from './attempt-records.ts'
import { createRetryDetector } from './detector.ts'

const digest = (n: number) => parseDigest(`sha256:${n.toString(16).padStart(64, '0')}`)!
const address = (text: string) => parseAddress(text)!
const BLOB: Attempt = {
  ...{ address: address('192.0.2.1'), store: 'paris', repository: 'team/app' },
  ...{ digest: digest(1), start: 0, open: true },
}

it('says the same of each attempt and manifest, and how long ago it was', () => {
  const records = new AttemptRecords()
  const attempts: Attempt[] = [
    BLOB,
    { ...BLOB, store: 'tokyo', address: address('2001:db8::1'), start: 2 ** 40, open: false },
    { ...BLOB, digest: digest(255), repository: 'x'.repeat(255) },
  ]
  for (const [n, attempt] of attempts.entries()) {
    records.addBlob(attempt, n === 1 ? 1e12 : undefined, 1000 + 10 * n)
  }
  records.addManifest(address('192.0.2.9'), 'team/app', 'v1', 1050)
  const read = [...readAttempts(records.take(1100))]
  expect(read.map(({ age }) => age)).toEqual([100, 90, 80, 50])
  expect(read.at(-1)).toMatchObject({ kind: 'manifest', repository: 'team/app', reference: 'v1' })
  for (const [n, { digest: asked, ...rest }] of attempts.entries()) {
    expect(read[n]).toMatchObject({ kind: 'blob', attempt: { ...rest, digest: asked.slice(-16) } })
  }
  expect(read.map((record) => record.kind === 'blob' && record.attempt.bytes?.())).toEqual([
    undefined,
    1e12,
    undefined,
    false,
  ])
  expect(records.isEmpty).toBe(true)
})

it('takes only what fits', () => {
  const records = new AttemptRecords()
  let count = 0
  while (records.addBlob(BLOB, undefined, 0)) count++
  expect(count).toBeGreaterThan(5000)
  expect(records.addManifest(BLOB.address, 'x'.repeat(255), 'v1', 0)).toBe(false)
  expect([...readAttempts(records.take(0))]).toHaveLength(count)
  expect(records.addBlob(BLOB, undefined, 0)).toBe(true)
})

it('reads as far as there is something, and never beyond', () => {
  const records = new AttemptRecords()
  records.addBlob(BLOB, 5, 0)
  records.addManifest(BLOB.address, 'team/app', 'v1', 0)
  const whole = records.take(0)
  for (let length = 0; length < whole.records.length; length++) {
    const cut = { ...whole, records: whole.records.slice(0, length) }
    expect([...readAttempts(cut)].length).toBeLessThan(2)
  }
  expect([...readAttempts({ ...whole, stores: [] })]).toEqual([])
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      for (const _ of readAttempts({ stores: ['a'], records: bytes, span: 0 }));
    }),
  )
})

it('lets processes of one service say together what one alone would, whoever was asked', () => {
  const step = fc.record({
    who: fc.constantFrom('192.0.2.1', '192.0.2.2'),
    wait: fc.constantFrom(0, 300, 6000, 20_000),
    what: fc.constantFrom(1, 2, 3),
    manifest: fc.boolean(),
    process: fc.constantFrom(0, 1, 2),
  })
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 120 }), (steps) => {
      const runtime = createTestRuntime()
      const alone = createRetryDetector(runtime)
      const together = [0, 1, 2].map(() => createRetryDetector(runtime))
      for (const { who, wait, what, manifest, process } of steps) {
        void runtime.advance(wait)
        const records = new AttemptRecords()
        const from = address(who)
        if (manifest) {
          alone.noteManifest(from, 'team/app', `v${what}`)
          together[process]!.noteManifest(from, 'team/app', `v${what}`)
          records.addManifest(from, 'team/app', `v${what}`, runtime.now())
        } else {
          const attempt = { ...BLOB, address: from, digest: digest(what) }
          expect(together[process]!.note(attempt)).toEqual(alone.note(attempt))
          records.addBlob(attempt, undefined, runtime.now())
        }
        const batch = records.take(runtime.now())
        for (const other of together) {
          if (other !== together[process]) for (const record of readAttempts(batch)) other.replay(record)
        }
      }
      // What was moved counts in each of them, so that all keep to one budget.
      const statuses = together.map((one) => one.status())
      expect(statuses).toEqual(statuses.map(() => alone.status()))
    }),
    // A detector has some megabytes of tables.
    { numRuns: 12 },
  )
})
