import { expect, test } from 'vitest'
import { type AuditProgressEvent, createAuditBoard } from './audit-board.ts'

const name = 'team/tool' as never

test('an audit is drawn as the walk, then one line for each store with what it is at', () => {
  const board = createAuditBoard()
  const draw = (width = 79) => board.draw(0, { width, colour: false })
  expect(draw()).toEqual(['reading the upstream'])
  const events: AuditProgressEvent[] = [
    { kind: 'repository', name, tags: 2, done: 1, total: 9 },
    { kind: 'audit', store: 'paris', step: 'listing', done: 1000 },
    { kind: 'audit', store: 'paris', step: 'content', done: 5, total: 100 },
    { kind: 'audit', store: 'berlin', step: 'listing', done: 2000 },
  ]
  expect(board.note(events[0]!)).toBe(true)
  expect(draw()).toEqual(['reading the upstream: repository 1 of 9'])
  for (const event of events.slice(1)) expect(board.note(event)).toBe(true)
  expect(draw()).toEqual(['berlin: 2000 listed', 'paris: 5 of 100 read'])
  expect(draw(10)).toEqual(['berlin: 2…', 'paris: 5 …'])
})

test('a warning is told by itself', () => {
  expect(createAuditBoard().note({ kind: 'warning', message: 'a' })).toBe(false)
})
