import { PortolanError } from '../../../src/errors.ts'
import { randomOf } from '../../support/sample.ts'
import type { Decoder } from './decoders.ts'
import { mutate } from './mutate.ts'

/** What one changed input showed. */
export interface DecoderFinding {
  readonly decoder: string
  readonly seed: number
  readonly bytes: Uint8Array
  readonly problem: string
}

/** How many changed inputs were still taken, and how many were refused as they should be. */
export interface DecoderTally {
  taken: number
  refused: number
}

/** Changes inputs of a decoder, one a seed, and gives those that it neither reads rightly nor refuses in its way. */
export function fuzzDecoder(
  decoder: Decoder,
  seeds: Iterable<number>,
): { findings: DecoderFinding[]; tally: DecoderTally } {
  const findings: DecoderFinding[] = []
  const tally = { taken: 0, refused: 0 }
  for (const seed of seeds) {
    const bytes = inputOf(decoder, seed)
    const problem = problemOf(decoder, bytes, tally)
    if (problem !== undefined) findings.push({ decoder: decoder.name, seed, bytes, problem })
  }
  return { findings, tally }
}

/** The input that a seed stands for. */
export function inputOf({ name, corpus, seal }: Decoder, seed: number): Uint8Array {
  const random = randomOf(`${name} ${seed}`)
  const one = () => corpus[Math.floor(random() * corpus.length)]!
  const changed = mutate(one(), one(), random)
  // Most of them: else hardly any would get beyond a checksum. The others try the checksum.
  return seal !== undefined && random() < 0.9 ? seal(changed) : changed
}

function problemOf({ read, code }: Decoder, bytes: Uint8Array, tally: DecoderTally): string | undefined {
  try {
    // A copy at an odd place of memory, since bytes from the network may lie anywhere.
    const shifted = new Uint8Array(bytes.length + 1)
    shifted.set(bytes, 1)
    const problem = read(shifted.subarray(1))
    tally.taken++
    return problem
  } catch (error) {
    if (error instanceof PortolanError && error.code === code) {
      tally.refused++
      return undefined
    }
    return `it throws ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`
  }
}
