// Runs the tests with real clients and servers; `--full` takes every row of the long matrices, those of `npm test` too.
// Everything else is Vitest's.
import { spawnSync } from 'node:child_process'

const words = process.argv.slice(2)
const full = words.includes('--full')
const { status } = spawnSync(
  process.execPath,
  [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--config',
    'vitest.e2e.config.ts',
    ...words.filter((word) => word !== '--full'),
  ],
  { stdio: 'inherit', env: { ...process.env, ...(full && { TEST_FULL: '1' }) } },
)
process.exitCode = status ?? 1
