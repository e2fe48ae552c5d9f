import fc from 'fast-check'
import { expect, it } from 'vitest'
import { isList, LineChunks, ListToLines } from './line-chunks.ts'

const encode = (text: string) => new TextEncoder().encode(text)
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

/** Lines, and how many that were too long, in their order. */
function linesOf(pieces: readonly Uint8Array[]): (string | number)[] {
  const chunks = new LineChunks()
  const all = [...pieces.flatMap((piece) => [...chunks.push(piece)])]
  const last = chunks.end()
  if (last !== undefined) all.push(last)
  return all.flatMap(({ bytes, tooLong }) => [
    ...(tooLong > 0 ? [tooLong] : []),
    ...(bytes.length > 0 ? decode(bytes).replace(/\n$/, '').split('\n') : []),
  ])
}

/** A text in pieces of these lengths, over and over. */
function cut(text: string, lengths: readonly number[]): Uint8Array[] {
  const bytes = encode(text)
  const pieces: Uint8Array[] = []
  for (let at = 0, index = 0; at < bytes.length; index++) {
    const length = lengths[index % lengths.length]!
    pieces.push(bytes.slice(at, at + length))
    at += length
  }
  return pieces
}

it('lines come out whole, however they came in', () => {
  const lines = fc.array(fc.stringMatching(/^[a-zé ]{0,40}$/), { minLength: 1, maxLength: 200 })
  const lengths = fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(lines, lengths, (texts, sizes) => {
      const text = texts.map((line) => `${line}.\n`).join('')
      expect(linesOf(cut(text, sizes))).toEqual(texts.map((line) => `${line}.`))
    }),
    { numRuns: 100 },
  )
})

it('many chunks hold every line once', () => {
  const lines = Array.from({ length: 60_000 }, (_, index) => `line ${index} ${'x'.repeat(index % 50)}`)
  expect(linesOf(cut(lines.join('\n'), [65_536]))).toEqual(lines)
})

it.each([[[65_536]], [[1_000_000]], [[999, 70_001]]])(
  'a line without an end is passed over, and held nowhere, in pieces of %j',
  (lengths) => {
    const text = `one\n${'x'.repeat(900_000)}\ntwo\n${'y'.repeat(900_000)}`
    expect(linesOf(cut(text, lengths))).toEqual(
      // A chunk that comes whole is left to whoever reads its lines.
      lengths[0] === 1_000_000 ? expect.arrayContaining(['one', 'two']) : ['one', 1, 'two', 1],
    )
  },
)

it('a list becomes an object a line, whatever stands in its texts', () => {
  const objects = [{ a: '},{\n"[' }, { b: { c: ['\\', '"', '{'] } }, {}]
  const list = JSON.stringify(objects, null, 2)
  expect(isList(encode(` \n${list}`))).toBe(true)
  expect(isList(encode('{"a":1}\n[]'))).toBe(false)
  for (const length of [1, 7, 10_000]) {
    const toLines = new ListToLines()
    const text = cut(list, [length])
      .map((piece) => decode(toLines.push(piece)))
      .join('')
    expect(text.split('\n').map((line) => JSON.parse(line))).toEqual(objects)
  }
})

it('what is in a list beside objects is not lost', () => {
  expect(
    decode(new ListToLines().push(encode('[1, "a", {}]')))
      .split('\n')
      .map((line) => line.trim()),
  ).toEqual(['1', '"a"', '{}'])
})
