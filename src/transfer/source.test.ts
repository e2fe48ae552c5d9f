import { expect, it } from 'vitest'
import { type NextSource, type Source, takeTurns } from './source.ts'

const [a, b, c] = ['a', 'b', 'c'].map((location): Source => ({ location, open: async () => undefined })) as [
  Source,
  Source,
  Source,
]

/** Which sources are asked when each of them fails, for a while (`~`) or for good (`!`). */
function asked(next: NextSource, failures: string): string {
  let source = next()
  let order = source?.location ?? ''
  for (const failure of failures) {
    if (source === undefined) break
    source = next({ source, error: new Error(), passing: failure === '~' })
    order += source?.location ?? '.'
  }
  return order
}

it.each([
  [[a, b, c], '~~~~', 'abcab'],
  [[a, b, c], '!~~~', 'abcbc'],
  [[a, b, c], '~~!~', 'abcab'],
  [[a, b, c], '~!~', 'abca'],
  [[a, b], '!!', 'ab.'],
  [[a], '~~!', 'aaa.'],
  [[], '', ''],
])('of %j, failing %j, %s are asked in turn', (sources, failures, expected) => {
  expect(asked(takeTurns(sources), failures)).toBe(expected)
})
