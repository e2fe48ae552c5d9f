import { expect, it } from 'vitest'
import { createTestRuntime } from '../../../test/support/test-runtime.ts'
import { Learnings } from './learnings.ts'
import type { ToPrimary } from './messages.ts'
import { Outbox } from './outbox.ts'

const traffic = { backend: 'paris', place: { name: 'aws/eu-west-3' }, bytes: 5, gets: 1, heads: 0 }

it('adds up what clients were sent for, and loses none of it while the other process does not listen', () => {
  const runtime = createTestRuntime()
  const told: ToPrimary[] = []
  const takes: (() => void)[] = []
  const outbox = new Outbox<ToPrimary>((message, taken) => {
    told.push(message)
    takes.push(taken)
  })
  const learnings = new Learnings(outbox, runtime)
  learnings.note(traffic)
  learnings.note({ ...traffic, bytes: 7 })
  learnings.note({ ...traffic, place: 'somewhere', gets: 0, heads: 1, bytes: 0 })
  runtime.advance(100)
  expect(told).toEqual([
    {
      kind: 'traffic',
      traffic: [
        { ...traffic, bytes: 12, gets: 2 },
        { ...traffic, place: 'somewhere', bytes: 0, gets: 0, heads: 1 },
      ],
    },
  ])
  while (!outbox.isFull) outbox.offer({ kind: 'alive' })
  const { dropped } = outbox
  told.length = 0
  learnings.note(traffic)
  runtime.advance(1000)
  learnings.note(traffic)
  runtime.advance(1000)
  expect([told, outbox.dropped]).toEqual([[], dropped])
  for (const taken of takes.splice(0)) taken()
  runtime.advance(100)
  expect(told).toEqual([{ kind: 'traffic', traffic: [{ ...traffic, bytes: 10, gets: 2 }] }])
})
