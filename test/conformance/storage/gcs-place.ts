import { openStore } from '../../../src/storage/open-store.ts'
import type { FakeGcs } from '../../support/fake-gcs.ts'
import { lend } from './lent.ts'
import type { Place } from './suite.ts'

/** A bucket as a place to open drivers on. */
export function gcsPlace(server: FakeGcs): Place {
  const fill = { kind: 'gcs', endpoint: server.origin, bucket: server.bucket, prefix: 'a/prefix' } as const
  return {
    open: () => openStore(fill, lend()),
    openMissing: () => openStore({ ...fill, bucket: 'no-such-bucket' }, lend()),
    stop: () => server.stop(),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}
