import type { NodeFiles } from '../../src/migrate/node-check/node-files.ts'

/** A machine in memory: its files by path. */
export function memoryFiles(texts: Readonly<Record<string, string>>): NodeFiles {
  return {
    read: (path) => texts[path],
    list(folder) {
      const prefix = folder === '/' ? '/' : `${folder}/`
      const below = Object.keys(texts).filter((path) => path.startsWith(prefix))
      return [...new Set(below.map((path) => path.slice(prefix.length).split('/')[0]!))].sort()
    },
  }
}
