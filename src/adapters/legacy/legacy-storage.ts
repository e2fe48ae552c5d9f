import type { LegacyStorage } from '../../server/legacy/legacy-storage.ts'
import { printOf, readRegular } from '../node/regular-file.ts'
import { writeSnapshotFile } from '../ranges/snapshot-file.ts'
import { readListInWorker } from './read-list-in-worker.ts'

/** In bytes: what 256 phases may have in a record, and more than anybody switches off. */
const TEXT_MAX = 16 * 1024 * 1024

/** Keeps on this process's disk what belongs to an old name. */
export function createLegacyStorage(): LegacyStorage {
  return {
    async read(file) {
      try {
        return await readRegular(file, TEXT_MAX)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
        throw error
      }
    },
    readList: readListInWorker,
    print: printOf,
    write: (file, text) => writeSnapshotFile(file, new TextEncoder().encode(text)),
  }
}
