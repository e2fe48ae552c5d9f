import { stat, statfs } from 'node:fs/promises'
import type { FreeSpace } from '../free-space.ts'

/** What is left on the disk of a folder; `undefined` where the system does not say. */
export async function freeSpaceOf(folder: string): Promise<FreeSpace | undefined> {
  try {
    const [{ dev }, { bavail, bsize, blocks }] = await Promise.all([stat(folder), statfs(folder)])
    // A file system without a size of its own, such as one of a network, says 0.
    return blocks === 0 ? undefined : { disk: String(dev), bytes: bavail * bsize }
  } catch {
    return undefined
  }
}
