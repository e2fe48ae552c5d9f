import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createNodeRuntime } from '../../../src/adapters/node/runtime.ts'
import type { OpenStoreOptions } from '../../../src/storage/open-store.ts'
import { silentLog } from '../../../src/telemetry/log.ts'

/** What drivers borrow in these tests: all of it real. */
export function lend(environment: OpenStoreOptions['environment'] = {}, attempts = 2): OpenStoreOptions {
  return {
    environment,
    attempts,
    runtime: createNodeRuntime({ log: silentLog, userAgent: 'portolan/test' }),
    readFile: (path) => readFile(path, 'utf8'),
    createMd5: () => createHash('md5'),
  }
}
