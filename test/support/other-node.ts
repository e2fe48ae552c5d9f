import { mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { findProgram, run } from './programs.ts'

/** Where another Node's program is, or why there is none. */
export type OtherNode = { readonly program: string } | { readonly missing: string }

/** Has npm put a Node of this version into the user's cache, once: the package that holds nothing but its program. */
export async function otherNode(version: string): Promise<OtherNode> {
  const npm = findProgram('npm')
  if (npm === undefined) return { missing: 'not on this machine: npm' }
  const folder = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'portolan-tests')
  const own = join(folder, `node-${version}`)
  const name = `node-${process.platform}-${process.arch}`
  const program = join(own, 'node_modules', name, 'bin/node')
  if ((await stat(program).catch(() => undefined))?.isFile()) return { program }
  const partial = await mkdir(folder, { recursive: true })
    .then(() => mkdtemp(join(folder, 'partial-')))
    .catch(() => undefined)
  if (partial === undefined) return { missing: `${folder} cannot be written` }
  try {
    const words = ['install', '--prefix', partial, '--no-audit', '--no-fund', `${name}@${version}`]
    const { code, stderr } = await run(npm, words, { cwd: partial, timeout: 100_000 })
    if (code !== 0) {
      const reason = stderr.trim().split('\n').at(-1) || 'it took too long'
      return { missing: `npm cannot install ${name}@${version}: ${reason}` }
    }
    await rm(own, { recursive: true, force: true })
    await rename(partial, own)
    return { program }
  } finally {
    await rm(partial, { recursive: true, force: true })
  }
}
