import { createHash } from '../../src/adapters/hash.ts'
import type { Runtime } from '../../src/runtime.ts'
import { silentLog } from '../../src/telemetry/log.ts'
import { createTestClock, type TestClock } from './test-clock.ts'

/** A runtime whose clock the test turns; its chance is the middle, and its network is what the test gives. */
export interface TestRuntime extends Runtime, TestClock {}

export function createTestRuntime(parts: Partial<Runtime> = {}): TestRuntime {
  return {
    ...createTestClock(),
    fetch: async (url) => {
      throw new Error(`no test server answers for ${url}`)
    },
    random: () => 0.5,
    createHash,
    log: silentLog,
    userAgent: 'portolan/test',
    background() {},
    ...parts,
  }
}
