import { inPieces } from '../../src/legacy/list-pieces.ts'
import { readLegacyList } from '../../src/legacy/read-list.ts'
import type { LegacyStorage } from '../../src/server/legacy/legacy-storage.ts'

/** The files of an old name in memory; one that is a promise takes long to read. */
export function legacyFiles(files: Map<string, string | Promise<string>>): LegacyStorage {
  return {
    read: async (file) => files.get(file),
    async readList(file) {
      const text = await files.get(file)
      return text === undefined ? undefined : inPieces(readLegacyList(text))
    },
    print: async (file) => String(files.get(file)),
    write: async (file, text) => void files.set(file, text),
  }
}
