import { join } from 'node:path'
import { type OutputChunk, rolldown } from 'rolldown'
import { takeBuiltins } from './builtins.ts'
import type { Entries } from './entries.ts'
import { leaveOutUndeclared } from './undeclared.ts'

export interface BundleOptions {
  /** The repository's root; what `entries` name is relative to it. */
  readonly root: string
  readonly entries: Entries
  readonly folder: string
  /** Constants of the sources, by name, that the build knows: each value is an expression. */
  readonly constants: Readonly<Record<string, string>>
  /** The oldest runtime that has to run it, such as `node22.18`. */
  readonly oldest: string
  /** Whether there are modules of Node's; `browser` where there are none, in workers too. */
  readonly platform: 'node' | 'browser'
}

/**
 * Bundles the entries and all that they import into ES modules: one file for each, and chunks for what they share or load
 * later, flat in one folder, so that a program is found beside whoever starts it. Writes source maps that the files do not
 * name. Throws where something cannot be found, or a warning has no reason to stand.
 */
export async function bundle({
  root,
  entries,
  folder,
  constants,
  oldest,
  platform,
}: BundleOptions): Promise<OutputChunk[]> {
  const warnings: string[] = []
  const build = await rolldown({
    cwd: root,
    input: { ...entries },
    platform,
    plugins: [takeBuiltins(), leaveOutUndeclared()],
    resolve: {
      alias: {
        // Its build for Node loads modules of Node's, though it needs none: the other one runs anywhere.
        yaml: join(root, 'node_modules/yaml/browser/index.js'),
        // Of its builds, the one in which the list of public suffixes stays short when it is bundled.
        tldts: join(root, 'node_modules/tldts/dist/index.esm.min.js'),
        // For lists of blobs in a form that is never asked for.
        'apache-arrow': join(root, 'scripts/build/left-out.ts'),
        // Only as modules does it leave out what is not used, which is nearly all of it.
        '@aws-sdk/client-ecr': join(root, 'node_modules/@aws-sdk/client-ecr/dist-es/index.js'),
      },
      // The names of modules decide on the names and order of what is made: they are the same wherever packages lie.
      symlinks: false,
    },
    // The oldest that package.json names knows less syntax than what the sources' packages may use.
    transform: { target: oldest, define: { ...constants } },
    onLog: (level, { message }) => {
      if (level === 'warn' && !isHarmless(message)) warnings.push(message)
    },
  })
  try {
    const { output } = await build.write({
      dir: folder,
      format: 'esm',
      chunkFileNames: '[name]-[hash].js',
      sourcemap: 'hidden',
      // The names of functions and classes stay, for stack traces, and those of the top, which chunks know each other by;
      // what is local in them gets short ones. Licences are collected in one file.
      minify: {
        compress: false,
        mangle: { toplevel: false, keepNames: true },
        codegen: { removeWhitespace: true },
      },
      comments: false,
    })
    if (warnings.length > 0) throw new Error(warnings.join('\n'))
    return output.filter((file) => file.type === 'chunk')
  } finally {
    await build.close()
  }
}

/** A package that calls `eval` does so in whatever it is bundled into. */
function isHarmless(message: string): boolean {
  return message.includes('node_modules/') && /\beval\b/.test(message)
}

/** The chunks that are loaded with the one of this name, itself among them; not those that are loaded later. */
export function loadedWith(chunks: readonly OutputChunk[], name: string): OutputChunk[] {
  const byFile = new Map(chunks.map((chunk) => [chunk.fileName, chunk]))
  const loaded = new Set<OutputChunk>()
  const load = (chunk: OutputChunk | undefined) => {
    if (chunk === undefined || loaded.has(chunk)) return
    loaded.add(chunk)
    for (const file of chunk.imports) load(byFile.get(file))
  }
  load(byFile.get(`${name}.js`))
  return [...loaded]
}
