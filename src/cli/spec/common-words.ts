import { parseArgs } from 'node:util'
import type { CommonOptions } from './common-options.ts'

/** Reads what `commonWords` of another process said. */
export function readCommonWords(words: readonly string[]): CommonOptions {
  const { ca, quiet = false } = parseArgs({
    args: [...words],
    options: { ca: { type: 'string', multiple: true }, quiet: { type: 'boolean' } },
  }).values
  return { ca, quiet }
}
