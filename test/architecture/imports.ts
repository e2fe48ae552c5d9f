import { posix } from 'node:path'
import { parse, type Syntax, stringOf, walk } from './syntax.ts'

/** What a file imports or exports from elsewhere, types included. */
export interface Imports {
  /** As they are written: `./b.ts`, `node:fs`. */
  readonly modules: readonly string[]
  /** It has an `export *`. */
  readonly exportsAll: boolean
  /** It has an `import(…)` of something that only shows at run time. */
  readonly unnamed: boolean
}

/** Reads the imports of a TypeScript file. Throws when it is none. */
export function importsOf(path: string, text: string): Imports {
  const modules = new Set<string>()
  let exportsAll = false
  let unnamed = false
  walk(parse(path, text), (syntax) => {
    if (syntax.type === 'ExportAllDeclaration') exportsAll = true
    if (!BRINGS.has(syntax.type)) return
    const module = stringOf(syntax.source)
    if (module !== undefined) modules.add(module)
    else if (syntax.type === 'ImportExpression') unnamed = true
  })
  return { modules: [...modules], exportsAll, unnamed }
}

const BRINGS: ReadonlySet<Syntax['type']> = new Set([
  'ImportDeclaration',
  'ExportNamedDeclaration',
  'ExportAllDeclaration',
  'ImportExpression',
  'TSImportType',
])

/** What each file imports of the others, by path. */
export function importGraph(tree: ReadonlyMap<string, string>): Map<string, Set<string>> {
  const graph = new Map<string, Set<string>>()
  for (const [path, text] of tree) {
    if (!path.endsWith('.ts') || path.endsWith('.test.ts')) continue
    const targets = importsOf(path, text).modules.map((module) => posix.join(posix.dirname(path), module))
    graph.set(path, new Set(targets.filter((target) => tree.has(target))))
  }
  return graph
}
