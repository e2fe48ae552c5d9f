import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { join, relative } from 'node:path'
import packageFile from '../../package.json' with { type: 'json' }
import { commitOf } from '../../src/cli/commit.ts'
import { bundle, loadedWith } from './bundle.ts'
import { reachDeclarations } from './declarations.ts'
import { libraryEntries, PROGRAMS } from './entries.ts'
import { formatLicences } from './licences.ts'
import { packagesOf } from './packages.ts'

// Makes dist/: the bundle, its source maps, its types and the licences of what is in it. Says on standard error what was
// made, since `npm pack` prints the name of its file on standard output.

const ROOT = join(import.meta.dirname, '../..')
const DIST = join(ROOT, 'dist')

/** Entries that know no runtime (scan is none yet: semver is CommonJS): nothing that is loaded with them may be one of Node's modules. */
const ANYWHERE = ['workers', 'routing', 'oci']

try {
  await build()
} catch (error) {
  console.error(`build: ${error instanceof Error ? error.message : error}`)
  process.exitCode = 1
}

async function build(): Promise<void> {
  const library = libraryEntries(packageFile.exports, (source) => existsSync(join(ROOT, source)))
  const entries = { ...library, ...PROGRAMS }
  for (const [name, source] of Object.entries(PROGRAMS)) {
    if (!existsSync(join(ROOT, source))) throw new Error(`dist/${name}.js needs ${source}, but there is none`)
  }
  rmSync(DIST, { recursive: true, force: true })
  const commit = commitOf(ROOT)
  const constants = { PORTOLAN_COMMIT: JSON.stringify(commit) }
  const oldest = `node${/\d+\.\d+/.exec(packageFile.engines.node)![0]}`
  const chunks = await bundle({ root: ROOT, entries, folder: DIST, constants, oldest })
  for (const name of ANYWHERE) {
    const nodes = loadedWith(chunks, name).flatMap(({ imports }) => imports.filter(isOfNode))
    if (nodes.length > 0) throw new Error(`dist/${name}.js is for any runtime, but loads ${nodes.join(', ')}`)
  }
  const packages = packagesOf(new Set(chunks.flatMap(({ moduleIds }) => moduleIds)), ROOT)
  writeFileSync(join(DIST, 'third-party-licences.txt'), formatLicences(packages))
  const types = writeTypes(Object.keys(library))
  const size = chunks.reduce((sum, { code }) => sum + Buffer.byteLength(code), 0)
  console.error(
    `build: ${chunks.length} files of ${(size / 1e6).toFixed(1)} MB with ${packages.length} packages in them, ` +
      `${types} of types, commit ${commit}`,
  )
}

/** Has the compiler declare everything, and keeps what the entries lead to; gives the number of files. */
function writeTypes(names: readonly string[]): number {
  const folder = join(DIST, 'types')
  execFileSync(join(ROOT, 'node_modules/.bin/tsc'), ['-p', join(ROOT, 'tsconfig.build.json')], {
    stdio: ['ignore', 2, 2],
  })
  const { files, faults } = reachDeclarations(
    names.map((name) => `src/${name}.d.ts`),
    (path) => readFileSync(join(folder, path), 'utf8'),
  )
  if (faults.length > 0) throw new Error(faults.join('\n'))
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isFile() && !files.has(relative(folder, path).replaceAll('\\', '/'))) rmSync(path)
  }
  return files.size
}

function isOfNode(module: string): boolean {
  return module.startsWith('node:') || builtinModules.includes(module)
}
