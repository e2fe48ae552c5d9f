import { createHash } from 'node:crypto'
import { systemClock } from '../../../src/adapters/clock.ts'
import type { OpenStoreOptions } from '../../../src/storage/open-store.ts'

/** What drivers borrow in these tests: all of it real. */
export function lend(environment: OpenStoreOptions['environment'] = {}, attempts = 2): OpenStoreOptions {
  return {
    environment,
    attempts,
    clock: systemClock,
    random: Math.random,
    fetch: (url, init) => fetch(url, init),
    md5: (bytes) => createHash('md5').update(bytes).digest(),
  }
}
