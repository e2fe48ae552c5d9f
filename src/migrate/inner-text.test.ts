import { expect, it } from 'vitest'
import { innerText, type Quoting } from './inner-text.ts'

it.each<[string, string, string, Quoting]>([
  ['escapes before it', String.raw`a\n\"b\" x/y:1`, 'a\n"b" x/y:1', 'double'],
  ['escapes of code points', String.raw`\u00e9\x41 x/y:1`, 'éA x/y:1', 'double'],
  ['an escaped line break', 'a \\\n   x/y:1', 'a x/y:1', 'double'],
  ['folded lines', 'a\n   b\n\n   x/y:1', 'a b\nx/y:1', 'none'],
  ['indented lines with CRLF', '  a\r\n  b: x/y:1\r\n', 'a\nb: x/y:1\n', 'none'],
  ['quotes within quotes', "it''s x/y:1", "it's x/y:1", 'single'],
])('finds a word behind %s', (_, written, value, quoting) => {
  const text = `<<${written}>>`
  const inner = innerText(text, { start: 2, end: text.length - 2 }, value, quoting)
  const start = value.indexOf('x/y:1')
  const place = inner.locate({ start, end: start + 5 })
  expect(place && text.slice(place.start, place.end)).toBe('x/y:1')
})

it('finds nothing that is written otherwise', () => {
  const text = String.raw`x\u002fy`
  expect(innerText(text, { start: 0, end: text.length }, 'x/y', 'double').locate({ start: 0, end: 3 })).toBe(
    undefined,
  )
})
