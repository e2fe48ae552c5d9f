import { expect, it } from 'vitest'
import { createTestClock } from '../../test/support/test-clock.ts'
import type { NetworkReport, Verdict } from '../doctor/network/report.ts'
import { watchPull } from './watch-pull.ts'

const report = (verdict: Verdict, sentence = `it is ${verdict}`) =>
  ({ summary: { verdict, sentence, try: [] } }) as unknown as NetworkReport

it('tells of the first report and of each that says something else, and gives the last', async () => {
  const clock = createTestClock()
  const abort = new AbortController()
  const reports = [
    report('pass'),
    report('pass'),
    report('fail'),
    report('fail', 'another host'),
    report('pass'),
  ]
  const told: string[] = []
  let tries = 0
  const last = watchPull(
    async () => {
      const next = reports[tries++]!
      if (tries === reports.length) queueMicrotask(() => abort.abort())
      else setImmediate(() => clock.advance(30_000))
      return next
    },
    {
      ...{ every: 30_000, signal: abort.signal, runtime: clock },
      onChange: ({ summary }, isFirst) => void told.push(`${isFirst ? 'first ' : ''}${summary.sentence}`),
    },
  )
  expect((await last)?.summary.verdict).toBe('pass')
  expect(told).toEqual(['first it is pass', 'it is fail', 'another host', 'it is pass'])
  expect(tries).toBe(reports.length)
})

it('ends at once when it is aborted, in the middle of a try as between two', async () => {
  for (const attempt of [() => new Promise<NetworkReport>(() => {}), async () => report('fail')]) {
    const abort = new AbortController()
    const watched = watchPull(attempt, {
      ...{ every: 30_000, signal: abort.signal, runtime: createTestClock(), onChange: () => {} },
    })
    await new Promise(setImmediate)
    abort.abort()
    await watched
  }
})
