import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Spool } from '../../transfer/spool.ts'
import { openSpool } from './spool.ts'
import { unwritable } from './workspace-file.ts'

/**
 * Opens a spool in a file that has no name any more, in the folder for what is temporary (`TMPDIR`): it is gone with the
 * process, however that ends. Throws `FILE_UNWRITABLE`.
 */
export async function openPassingSpool(): Promise<Spool> {
  const folder = await mkdtemp(join(tmpdir(), 'portolan-')).catch((error) => {
    throw unwritable(tmpdir(), error)
  })
  try {
    return await openSpool(join(folder, 'blob'), async () => {})
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
