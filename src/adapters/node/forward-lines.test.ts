import { expect, it } from 'vitest'
import { forwardLines } from './forward-lines.ts'

/** An output, and how often it was waited for. */
function outputOf(behind: number) {
  const written: string[] = []
  let waits = 0
  return {
    written,
    waits: () => waits,
    write: (text: string) => void written.push(text),
    get isBehind() {
      return waits < behind
    },
    async flush() {
      waits++
    },
  }
}

async function* chunksOf(...chunks: (string | Uint8Array)[]) {
  for (const chunk of chunks) yield typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk
}

it.each([
  ['whole', ['a\nb\n', 'c\n'], ['a\nb\n', 'c\n']],
  ['put together', ['a\nb', 'c\nd', '\n'], ['a\n', 'bc\n', 'd\n']],
  ['ended where their writer did not', ['a\nb'], ['a\n', 'b\n']],
])('lines are written %s', async (_, chunks, expected) => {
  const output = outputOf(0)
  await forwardLines(chunksOf(...chunks), output)
  expect(output.written).toEqual(expected)
})

it('lines are whole however much comes at once, and no more is written at once than an output takes', async () => {
  const output = outputOf(0)
  const line = `${'x'.repeat(99)}\n`
  await forwardLines(chunksOf(line.repeat(10_000), line), output)
  expect(output.written.join('')).toBe(line.repeat(10_001))
  for (const text of output.written) {
    expect(text.endsWith('\n')).toBe(true)
    expect(text.length).toBeLessThanOrEqual(262_144)
  }
})

it('a character that comes in two parts is one', async () => {
  const output = outputOf(0)
  const bytes = new TextEncoder().encode('ü\n')
  await forwardLines(chunksOf(bytes.slice(0, 1), bytes.slice(1)), output)
  expect(output.written).toEqual(['ü\n'])
})

it('nothing is written while the reader is behind', async () => {
  const output = outputOf(3)
  await forwardLines(chunksOf('a\n'), output)
  expect([output.waits(), output.written]).toEqual([3, ['a\n']])
})

it('a line without an end is cut, so that it fills no memory', async () => {
  const output = outputOf(0)
  await forwardLines(chunksOf(...Array.from({ length: 40 }, () => 'x'.repeat(65_536))), output)
  expect(output.written.length).toBeGreaterThan(5)
  expect(Math.max(...output.written.map(({ length }) => length))).toBeLessThan(400_000)
})

it('what was written before its writer was torn away is kept', async () => {
  const output = outputOf(0)
  async function* torn() {
    yield new TextEncoder().encode('a\nb')
    throw new Error('gone')
  }
  await forwardLines(torn(), output)
  expect(output.written).toEqual(['a\n', 'b\n'])
})
