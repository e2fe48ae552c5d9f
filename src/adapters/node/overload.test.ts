import { expect, test } from 'vitest'
import { Overload } from './overload.ts'

type Wait = [at: number, milliseconds: number]

test.each<[string, Wait[], asked: number, expected: boolean]>([
  [
    'nobody waits long',
    [
      [100, 1],
      [200, 3],
      [300, 20],
    ],
    300,
    false,
  ],
  [
    'many waited through one long garbage collection',
    [
      [1000, 700],
      [1001, 690],
      [1100, 600],
    ],
    1101,
    false,
  ],
  [
    'waits go on',
    [
      [1000, 600],
      [1200, 600],
      [1500, 600],
    ],
    1501,
    true,
  ],
  [
    'waits go on, with short ones between',
    [
      [1000, 600],
      [1100, 5],
      [1900, 600],
    ],
    1901,
    true,
  ],
  [
    'waits go on, but none is long',
    [
      [1000, 400],
      [1500, 400],
      [2000, 400],
    ],
    2001,
    false,
  ],
  [
    'two long waits are far apart',
    [
      [1000, 600],
      [9000, 600],
    ],
    9001,
    false,
  ],
  [
    'it was so a moment ago',
    [
      [1000, 600],
      [1700, 600],
    ],
    2600,
    true,
  ],
  [
    'it is over',
    [
      [1000, 600],
      [1700, 600],
      [2600, 3],
    ],
    2701,
    false,
  ],
  ['it goes on for long', Array.from({ length: 30 }, (_, n): Wait => [1000 + n * 500, 600]), 15_600, true],
])('%s', (_, waits, asked, expected) => {
  const overload = new Overload(500)
  for (const [at, milliseconds] of waits) overload.note(at, milliseconds)
  expect(overload.isOn(asked)).toBe(expected)
})
