import { expect, it } from 'vitest'
import { createLegacyBoard } from './legacy-board.ts'

const CANVAS = { width: 80, colour: false }

it('says how far a check is, in one line that fits', () => {
  const board = createLegacyBoard()
  expect(board.draw(0, CANVAS)).toEqual(['listing the repositories of the old name'])
  const before = board.sums()
  const counts = { tags: 12, manifests: 30, blobs: 90, referrers: 4 }
  expect(board.note({ kind: 'legacy', done: 2, total: 7, ...counts })).toBe(true)
  expect(board.sums()).not.toBe(before)
  expect(board.draw(0, CANVAS)).toEqual(['2 of 7 repositories; looked at 12 tags, 30 manifests, 90 blobs'])
  expect(board.draw(0, { ...CANVAS, width: 20 })).toEqual(['2 of 7 repositories…'])
})

it('leaves warnings to whoever writes lines', () => {
  expect(createLegacyBoard().note({ kind: 'warning', message: 'a has no tags' })).toBe(false)
})
