import { posix } from 'node:path'

/** The declarations that an entry's types lead to, and what they name that is not there. */
export interface Reached {
  readonly files: ReadonlySet<string>
  /** One line each: who names which package. */
  readonly faults: readonly string[]
}

/**
 * Follows declarations from these files on. `read` gives a file's text by its path. Whoever installs the package gets no
 * other with it, so declarations may import nothing but each other, and Node's own modules.
 */
export function reachDeclarations(from: readonly string[], read: (path: string) => string): Reached {
  const files = new Set<string>()
  const faults: string[] = []
  const pending = [...from]
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    if (files.has(path)) continue
    files.add(path)
    for (const module of modulesOf(read(path))) {
      if (module.startsWith('.')) {
        pending.push(posix.join(posix.dirname(path), module.replace(/\.(?:ts|js)$/, '.d.ts')))
      } else if (!module.startsWith('node:')) {
        faults.push(`${path} imports ${module}, which is not installed with the package`)
      }
    }
  }
  return { files, faults }
}

function modulesOf(text: string): string[] {
  const code = text.replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, '')
  const pattern = /(?<!['"])\b(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g
  return [...code.matchAll(pattern)].map(([, module]) => module!)
}
