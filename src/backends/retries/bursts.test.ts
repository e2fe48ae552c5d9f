import { describe, expect, it } from 'vitest'
import { Bursts, NEW_BURSTS } from './bursts.ts'
import { slotOf } from './slot.ts'

/** Bursts of requests, each by when it begins, how long it lasts, and how many; whether the last is a crowd's. */
function crowd(list: readonly (readonly [start: number, length: number, requests: number])[], again = true) {
  const bursts = new Bursts(slotOf(NEW_BURSTS), 0)
  for (const [index, [start, length, requests]] of list.entries())
    for (let n = 0; n < requests; n++) {
      bursts.note(1000 * (start + (length * n) / requests))
      if (index > 0 && again) bursts.noteAgain()
      if (bursts.isCrowd) bursts.spend()
    }
  return bursts
}

describe('a crowd came back', () => {
  it.each<[string, Parameters<typeof crowd>[0]]>([
    [
      '200 nodes after 10 s and 20 s',
      [
        [0, 2, 600],
        [10, 5, 600],
        [31, 1, 1],
      ],
    ],
    [
      'ten nodes',
      [
        [0, 2, 30],
        [10, 5, 30],
        [31, 1, 1],
      ],
    ],
    [
      'nodes that lack less than before',
      [
        [0, 2, 1000],
        [10, 5, 650],
        [31, 1, 1],
      ],
    ],
    [
      'later pauses',
      [
        [0, 40, 600],
        [150, 60, 600],
        [400, 1, 1],
      ],
    ],
  ])('%s', (_, list) => expect(crowd(list).isCrowd).toBe(true))

  it('for twice as many requests as failed, since pulls that go well ask for more', () => {
    const bursts = crowd([
      [0, 2, 30],
      [10, 5, 30],
      [31, 5, 59],
    ])
    expect(bursts.isCrowd).toBe(true)
    bursts.note(36_000)
    bursts.spend()
    expect(bursts.isCrowd).toBe(false)
  })

  it('stragglers included', () => {
    const bursts = crowd([
      [0, 2, 30],
      [10, 5, 30],
      [31, 5, 20],
    ])
    bursts.note(50_000)
    expect(bursts.isCrowd).toBe(true)
  })
})

describe('no crowd came back', () => {
  it.each<[string, Parameters<typeof crowd>[0]]>([
    ['one burst', [[0, 2, 600]]],
    [
      'two',
      [
        [0, 2, 600],
        [10, 2, 600],
      ],
    ],
    [
      'waves of the same pause',
      [
        [0, 2, 600],
        [20, 2, 600],
        [40, 1, 1],
      ],
    ],
    [
      'sizes that differ',
      [
        [0, 2, 600],
        [10, 5, 100],
        [31, 1, 1],
      ],
    ],
    [
      'a handful',
      [
        [0, 1, 5],
        [10, 1, 5],
        [31, 1, 1],
      ],
    ],
    [
      'bursts longer than the quiet after them',
      [
        [0, 9, 600],
        [15, 15, 600],
        [40, 1, 1],
      ],
    ],
    [
      'requests by chance',
      [
        [0, 6, 15],
        [14, 10, 15],
        [35, 1, 1],
      ],
    ],
    [
      'a quarter of an hour apart',
      [
        [0, 2, 600],
        [300, 5, 600],
        [900, 1, 1],
      ],
    ],
  ])('%s', (_, list) => expect(crowd(list).isCrowd).toBe(false))

  it('when the second burst is for other content', () => {
    expect(
      crowd(
        [
          [0, 2, 600],
          [10, 5, 600],
          [31, 1, 1],
        ],
        false,
      ).isCrowd,
    ).toBe(false)
  })

  it('that was sent elsewhere and is as large again: it rests', () => {
    const list = [
      [0, 2, 30],
      [10, 2, 30],
      [31, 2, 30],
      [80, 2, 30],
      [160, 2, 30],
      [330, 1, 1],
    ] as const
    expect(crowd(list.slice(0, 3)).isCrowd).toBe(true)
    expect(crowd(list).isCrowd).toBe(false)
  })
})
