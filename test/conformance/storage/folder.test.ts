import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { openStore } from '../../../src/storage/open-store.ts'
import { makeTempFolder } from '../../support/temp.ts'
import { lend } from './lent.ts'
import { describeStore } from './suite.ts'

describeStore(
  'a folder',
  async () => {
    const { path, [Symbol.asyncDispose]: dispose } = await makeTempFolder()
    const folder = join(path, 'store')
    await mkdir(folder)
    return {
      open: () => openStore({ kind: 'folder', folder }, lend()),
      openMissing: () => openStore({ kind: 'folder', folder: join(folder, 'not mounted') }, lend()),
      [Symbol.asyncDispose]: dispose,
    }
  },
  { lacks: ['content types', 'a key that is the folder of others', 'credentials', 'a server'] },
)
