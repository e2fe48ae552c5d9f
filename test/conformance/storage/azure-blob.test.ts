import { openStore } from '../../../src/storage/open-store.ts'
import { startAzurite } from '../../support/azurite.ts'
import { lend } from './lent.ts'
import { describeStore } from './suite.ts'

const WRONG_KEY = Buffer.from('another key than the right one').toString('base64')

describeStore(
  'azurite',
  async () => {
    const server = await startAzurite()
    const { endpoint, container, environment } = server
    const fill = { kind: 'azureBlob', endpoint, container, prefix: 'a/prefix' } as const
    return {
      open: () => openStore(fill, lend(environment)),
      openRefused: () => openStore(fill, lend({ AZURE_STORAGE_KEY: WRONG_KEY })),
      openMissing: () => openStore({ ...fill, container: 'no-such-container' }, lend(environment)),
      stop: () => server.stop(),
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    }
  },
  { secrets: [WRONG_KEY, 'SharedKey ', 'sig='] },
)
