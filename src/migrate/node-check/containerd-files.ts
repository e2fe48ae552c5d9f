import { glob, type NodeFiles, pathFrom } from './node-files.ts'
import { isTomlFault, readTomlDocument, type TomlDocument, type TomlFault } from './toml-document.ts'

/** A file of containerd's config, in the order in which containerd reads them. */
export interface ContainerdFile {
  readonly path: string
  readonly read: TomlDocument | TomlFault
}

/** A file that is imported by name and is not there. */
export interface MissingImport {
  readonly from: string
  readonly line: number
  readonly path: string
}

/** containerd itself has no limit. */
const FILES_MAX = 1000

/**
 * Reads a config of containerd and all that it imports: names are relative to the file that has them, only `*` makes
 * one a pattern, and what is imported is read after all that was named before it (`LoadConfig`, containerd 2.2).
 */
export function readContainerdFiles(
  files: NodeFiles,
  config: string,
): { readonly loaded: readonly ContainerdFile[]; readonly missing: readonly MissingImport[] } {
  const loaded = new Map<string, ContainerdFile>()
  const missing: MissingImport[] = []
  const pending: { path: string; from?: string; line?: number }[] = [{ path: config }]
  for (const { path, from, line } of pending) {
    if (loaded.has(path) || loaded.size >= FILES_MAX) continue
    const text = files.read(path)
    if (text === undefined) {
      if (from !== undefined) missing.push({ from, line: line ?? 1, path })
      continue
    }
    const read = readTomlDocument(text)
    loaded.set(path, { path, read })
    if (!isTomlFault(read)) {
      const next = importsOf(files, path, read).map((one) => ({
        path: one,
        from: path,
        line: read.line(['imports']),
      }))
      pending.push(...next.slice(0, FILES_MAX))
    }
  }
  return { loaded: [...loaded.values()], missing }
}

function importsOf(files: NodeFiles, file: string, { value }: TomlDocument): string[] {
  const imports = Array.isArray(value.imports) ? value.imports : []
  return imports
    .filter((one) => typeof one === 'string')
    .map((one) => pathFrom(file, one))
    .flatMap((path) => (path.includes('*') ? glob(files, path) : [path]))
}
