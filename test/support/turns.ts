import { beforeEach } from 'vitest'
import { FULL, randomOf, SEED } from './sample.ts'

/**
 * Has each test of a suite that two runtimes share run on one of them, today on this one and perhaps tomorrow on the other;
 * with `FULL` on both. To be called in its `describe` before anything is made for a test.
 */
export function takeTurns(what: string, runtime: 'node' | 'bun'): void {
  if (FULL) return
  console.info(
    `${what} on ${runtime}: those tests whose turn it is, by TEST_SEED=${SEED}; TEST_FULL=1 takes all`,
  )
  beforeEach(({ task, skip }) => skip(turnOf(what, task.name) !== runtime))
}

/** Whose turn a test is; the name of a runtime in its own does not count. */
export function turnOf(what: string, name: string, seed = SEED): 'node' | 'bun' {
  const random = randomOf(`${what} ${name.replace(/\b(?:node|bun)\b/g, '')} ${seed}`)
  return random() < 0.5 ? 'node' : 'bun'
}
