import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { join, relative } from 'node:path'
import packageFile from '../../package.json' with { type: 'json' }
import { bundle, loadedWith } from './bundle.ts'
import { reachDeclarations } from './declarations.ts'
import { libraryEntries, PROGRAMS } from './entries.ts'
import { type BundledPackage, formatLicences } from './licences.ts'
import { packagesOf } from './packages.ts'

/** The file of `dist/` with the licences of all that is bundled. */
export const LICENCES = 'third-party-licences.txt'

/** Entries that know no runtime (scan and registry are none yet: semver and tldts are CommonJS): nothing that is loaded with them may be one of Node's modules. */
const ANYWHERE = ['workers', 'routing', 'oci']

/** An entry for where there is no Node: it shares no chunks, since those of CommonJS packages ask for Node's modules. */
const WITHOUT_NODE = 'workers'

/**
 * Makes dist/ from nothing: the bundle, its source maps, its types and the licences of what is in it; gives what is in
 * it. Says on standard error what was made, since `npm pack` prints the name of its file on standard output.
 */
export async function buildPackage(root: string, dist: string, commit: string): Promise<BundledPackage[]> {
  const library = libraryEntries(packageFile.exports, (source) => existsSync(join(root, source)))
  const { [WITHOUT_NODE]: worker, ...rest } = library
  const entries = { ...rest, ...PROGRAMS }
  for (const [name, source] of Object.entries(PROGRAMS)) {
    if (!existsSync(join(root, source))) throw new Error(`dist/${name}.js needs ${source}, but there is none`)
  }
  rmSync(dist, { recursive: true, force: true })
  const constants = { PORTOLAN_COMMIT: JSON.stringify(commit) }
  const oldest = `node${/\d+\.\d+/.exec(packageFile.engines.node)![0]}`
  const parts = { root, folder: dist, constants, oldest }
  const chunks = [
    ...(await bundle({ ...parts, entries, platform: 'node' })),
    ...(await bundle({ ...parts, entries: { [WITHOUT_NODE]: worker! }, platform: 'browser' })),
  ]
  for (const name of ANYWHERE) {
    const nodes = loadedWith(chunks, name).flatMap(({ imports }) => imports.filter(isOfNode))
    if (nodes.length > 0) throw new Error(`dist/${name}.js is for any runtime, but loads ${nodes.join(', ')}`)
  }
  const packages = packagesOf(new Set(chunks.flatMap(({ moduleIds }) => moduleIds)), root)
  writeFileSync(join(dist, LICENCES), formatLicences(packages))
  const types = writeTypes(root, dist, Object.keys(library))
  const size = chunks.reduce((sum, { code }) => sum + Buffer.byteLength(code), 0)
  console.error(
    `build: ${chunks.length} files of ${(size / 1e6).toFixed(1)} MB with ${packages.length} packages in them, ` +
      `${types} of types, commit ${commit}`,
  )
  return packages
}

/** Has the compiler declare everything, and keeps what the entries lead to; gives the number of files. */
function writeTypes(root: string, dist: string, names: readonly string[]): number {
  const folder = join(dist, 'types')
  execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', join(root, 'tsconfig.build.json')], {
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
