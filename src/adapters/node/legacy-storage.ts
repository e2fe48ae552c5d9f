import type { LegacyStorage } from '../../server/legacy/legacy-storage.ts'
import { writeSnapshotFile } from '../ranges/snapshot-file.ts'
import { printOf, readRegular } from './regular-file.ts'

/** In bytes: the list of an old name with a million tags. */
const LIST_MAX = 256 * 1024 * 1024

/** Keeps on this process's disk what belongs to an old name. */
export function createLegacyStorage(): LegacyStorage {
  return {
    async read(file) {
      try {
        return await readRegular(file, LIST_MAX)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
        throw error
      }
    },
    print: printOf,
    write: (file, text) => writeSnapshotFile(file, new TextEncoder().encode(text)),
  }
}
