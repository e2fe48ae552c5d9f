import { expect, it } from 'vitest'
import { createTestClock } from '../../test/support/test-clock.ts'
import { silentLog } from '../telemetry/log.ts'
import { createRefusalLog } from './refusal-log.ts'

it('logs one line a second for each reason, and counts every refusal', () => {
  const clock = createTestClock()
  const lines: object[] = []
  const log = createRefusalLog({ ...silentLog, warn: (fields) => lines.push(fields) }, clock)
  const full = { status: 503, reason: 'full', peer: '192.0.2.1' }
  const bad = { status: 400, reason: 'bad', peer: '192.0.2.1' }
  for (let n = 0; n < 1000; n++) log.note(full)
  log.note(bad)
  expect(lines).toEqual([
    { status: 503, reason: 'full', times: 1 },
    { status: 400, reason: 'bad', times: 1 },
  ])
  clock.advance(1000)
  expect(lines.slice(2)).toEqual([{ status: 503, reason: 'full', times: 999 }])
  clock.advance(2000)
  log.note(full)
  expect(lines.slice(3)).toEqual([{ status: 503, reason: 'full', times: 1 }])
  expect(log.counts).toEqual(
    new Map([
      [503, 1001],
      [400, 1],
    ]),
  )
})
