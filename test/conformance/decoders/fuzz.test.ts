import { expect, test } from 'vitest'
import { decoders } from './decoders.ts'
import { fuzzDecoder } from './run.ts'

/** By decoder, seeds of inputs that once showed a fault. */
const FOUND: Readonly<Record<string, readonly number[]>> = {
  // A slip near the top of a file, which the parser told of at every line after it.
  config: [55, 81],
}

/** `npm run bench -- fuzz` takes many more. */
const COUNT = 400

test.each(decoders)('$name: what is sound is read, and nothing is wrong with it', ({ corpus, read }) => {
  for (const bytes of corpus.slice(0, 1)) expect(read(bytes)).toBeUndefined()
})

test.each(decoders)('$name: changed bytes are read rightly or refused', (decoder) => {
  const seeds = [...(FOUND[decoder.name] ?? []), ...Array.from({ length: COUNT }, (_, seed) => seed)]
  const { findings, tally } = fuzzDecoder(decoder, seeds)
  expect(findings).toEqual([])
  // Else the changes would be too coarse to get beyond the first check, or too fine to matter.
  expect(tally.taken).toBeGreaterThan(COUNT / 100)
})
