import { expect, it } from 'vitest'
import { fuzzReplies } from './run.ts'

/** `npm run bench -- fuzz` takes many more. */
const COUNT = 2000

it('reads of large answers only what node:http reads, whole or in pieces', async () => {
  const { findings, tally } = await fuzzReplies(Array.from({ length: COUNT }, (_, seed) => seed))
  expect(findings).toEqual([])
  // Otherwise the bytes were all alike.
  for (const times of Object.values(tally)) expect(times).toBeGreaterThan(COUNT / 10)
}, 60_000)
