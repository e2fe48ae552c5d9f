import { expect, it } from 'vitest'
import { createTestRuntime } from '../../../test/support/test-runtime.ts'
import type { MetricsSnapshot } from '../../telemetry/exposition.ts'
import { type CountingWorker, Counts } from './counts.ts'

const snapshotOf = (value: number): MetricsSnapshot => ({
  families: [{ name: 'answers', type: 'counter', series: [{ values: [], value }] }],
  process: [],
})

const totalOf = (snapshots: readonly MetricsSnapshot[]) =>
  snapshots
    .flatMap(({ families }) => families.flatMap(({ series }) => series))
    .reduce((sum, { value }) => sum + value, 0)

/** One that has answered so often. */
const workerWith = (value: number): CountingWorker => ({
  async count() {},
  counted: { kind: 'counted', snapshot: snapshotOf(value), retries: { mutedShare: undefined, stores: [] } },
})

it('counts what a worker has that ends while those that are gone are added up', async () => {
  const adding: (() => void)[] = []
  const counts = (workers: ReadonlySet<CountingWorker>) =>
    new Counts(workers, {
      ...createTestRuntime(),
      processMetrics: {
        read: async () => [],
        add: () => new Promise((resolve) => adding.push(() => resolve([]))),
        lasting: (all) => all,
        format: async () => ({ contentType: '', text: '' }),
      },
    })
  const [first, second] = [workerWith(3), workerWith(4)]
  const workers = new Set([first, second])
  const all = counts(workers)
  const end = async (worker: CountingWorker) => {
    workers.delete(worker)
    all.keep(worker)
    await settle()
  }
  const settle = () => new Promise((resolve) => setImmediate(resolve))
  await end(first)
  const read = all.read()
  await settle()
  await end(second)
  for (let n = 0; n < 2; n++) {
    adding.shift()!()
    await settle()
  }
  expect(totalOf(await read)).toBe(7)
})
