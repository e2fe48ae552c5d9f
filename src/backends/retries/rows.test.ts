import { describe, expect, it } from 'vitest'
import { parseAddress } from '../../net/address.ts'
import { KeyHash } from './key-hash.ts'
import { Rows } from './rows.ts'
import { NEVER } from './times.ts'

const key = new KeyHash(() => 0.5)

/** What is said of the last of requests for one content at these seconds. */
function visits(seconds: readonly number[], quickSince = NEVER) {
  const rows = new Rows(64)
  for (const second of seconds) visit(rows, 'content', second, quickSince)
  return { isTry: rows.isTry, isThird: rows.isThird, isRepeat: rows.isRepeat, isAgain: rows.isAgain }
}

function visit(rows: Rows, content: string, second: number, quickSince = NEVER): void {
  key.address(parseAddress('192.0.2.1')!)
  key.text(content)
  rows.visit(key, 1000 * second, quickSince)
}

describe('of requests for one content', () => {
  it.each([
    ['the first', [0], {}],
    ['a twin within ms', [0, 0.04], {}],
    ['a second look, as docker has it', [0, 0.15], {}],
    ['a third', [0, 0.15, 0.3], { isRepeat: true }],
    ['a second look of a second try', [0, 0.15, 10, 10.15], { isAgain: true }],
    ['the same within seconds', [0, 1], { isRepeat: true }],
    ['one after five seconds', [0, 5], { isTry: true, isAgain: true }],
    ["the third by kubelet's pauses", [0, 10, 30], { isTry: true, isThird: true, isAgain: true }],
    ['a later one by those', [0, 10, 30, 70, 150, 310, 610], { isTry: true, isThird: true, isAgain: true }],
    ['the third within eleven minutes', [0, 330, 660], { isTry: true, isThird: true, isAgain: true }],
    ['the third, ten minutes after each other', [0, 600, 1200], { isTry: true, isAgain: true }],
    ['the second after an hour', [0, 3600], {}],
    ['one of a crowd that came back', [0, 10, 10.2, 10.4], { isRepeat: true, isAgain: true }],
  ])('%s', (_, seconds, expected) => {
    expect(visits(seconds)).toEqual({
      isTry: false,
      isThird: false,
      isRepeat: false,
      isAgain: false,
      ...expected,
    })
  })

  it('one that comes soon is another try when a pull began anew in between', () => {
    expect(visits([0, 0.5], 0).isTry).toBe(false)
    expect(visits([0, 0.5], 400).isTry).toBe(true)
    expect(visits([0, 0.2], 100).isTry).toBe(false)
  })
})

it('knows that what was sent elsewhere came back', () => {
  const rows = new Rows(64)
  visit(rows, 'content', 0)
  rows.markMoved()
  expect(rows.isMoved).toBe(true)
  visit(rows, 'content', 1)
  expect([rows.isMoved, rows.isInVain]).toEqual([true, false])
  visit(rows, 'content', 10)
  expect([rows.isMoved, rows.isInVain]).toEqual([false, true])
  visit(rows, 'content', 20)
  expect(rows.isInVain).toBe(false)
})

it('forgets what was asked for once before what was asked for again', () => {
  const rows = new Rows(64)
  visit(rows, 'content', 0)
  visit(rows, 'content', 10)
  for (let n = 0; n < 1000; n++) visit(rows, `flood ${n}`, 15)
  visit(rows, 'content', 30)
  expect(rows.isThird).toBe(true)
})
