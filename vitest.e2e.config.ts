import { randomUUID } from 'node:crypto'
import { defineConfig } from 'vitest/config'
import { FULL } from './test/support/sample.ts'
import common from './vitest.config.ts'

// What has to be built is built once for all files.
process.env.PORTOLAN_TEST_RUN ??= randomUUID()

const { projects: _, ...test } = common.test!

/** One file after the other, as each starts real clients and servers; in full, what `npm test` takes samples of too. */
export default defineConfig({
  ...common,
  test: {
    ...test,
    include: ['test/e2e/**/*.test.ts', ...(FULL ? ['test/{conformance,integration}/**/*.test.ts'] : [])],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    fileParallelism: false,
  },
})
