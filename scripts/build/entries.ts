/** By the name of the file in `dist/`, the source that it is made of, from the repository's root. */
export type Entries = Readonly<Record<string, string>>

/** What package.json says of one subpath of the package. */
export interface ExportedSubpath {
  readonly types: string
  readonly default: string
}

/**
 * What is started by its file name and exported to nobody: the command, what is said to V8 before it, and what it runs in
 * threads of their own. Each lies beside the chunk that starts it, as its source lies beside the source.
 */
export const PROGRAMS: Entries = {
  cli: 'src/cli/main.ts',
  'v8-flags': 'src/cli/v8-flags.ts',
  'legacy-list-worker': 'src/adapters/legacy/legacy-list-worker.ts',
  'parse-worker': 'src/adapters/config/parse-worker.ts',
  'password-worker': 'src/adapters/passwords/password-worker.ts',
  'replay-worker': 'src/adapters/simulate/replay-worker.ts',
  'update-worker': 'src/adapters/ranges/update-worker.ts',
}

/**
 * The entries of the library, from `exports` of package.json, which is the one list of them: `./oci` is `dist/oci.js`
 * and `src/oci.ts`. Throws an `Error` that names the subpath when a path is another, or `exists` does not know the source.
 */
export function libraryEntries(
  exported: Readonly<Record<string, string | ExportedSubpath>>,
  exists: (source: string) => boolean,
): Entries {
  const entries: Record<string, string> = {}
  for (const [subpath, paths] of Object.entries(exported)) {
    if (typeof paths === 'string') continue
    const name = subpath === '.' ? 'index' : subpath.replace(/^\.\//, '')
    const source = `src/${name}.ts`
    const expected = { types: `./dist/types/src/${name}.d.ts`, default: `./dist/${name}.js` }
    for (const key of ['types', 'default'] as const) {
      if (paths[key] !== expected[key]) {
        throw new Error(
          `package.json: exports["${subpath}"].${key} is ${paths[key]}; it has to be ${expected[key]}`,
        )
      }
    }
    if (!exists(source))
      throw new Error(`package.json exports "${subpath}", which needs ${source}, but there is none`)
    if (name in PROGRAMS)
      throw new Error(`package.json exports "${subpath}", but dist/${name}.js is a program`)
    entries[name] = source
  }
  return entries
}
