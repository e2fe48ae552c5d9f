import { openStore } from '../../../src/storage/open-store.ts'
import { startScriptedGcs } from '../../support/fake-gcs-scripted.ts'
import { lend } from './lent.ts'
import { describeStore } from './suite.ts'

describeStore(
  'a scripted Cloud Storage',
  async () => {
    const server = await startScriptedGcs()
    const fill = { kind: 'gcs', endpoint: server.origin, bucket: server.bucket, prefix: 'a/prefix' } as const
    return {
      open: () => openStore(fill, lend()),
      openMissing: () => openStore({ ...fill, bucket: 'no-such-bucket' }, lend()),
      stop: () => server.stop(),
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    }
  },
  { lacks: ['credentials'], secrets: ['upload_id'] },
)
