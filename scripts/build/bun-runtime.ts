import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join } from 'node:path'

/** What package-lock.json says of a package, as far as it is needed. */
interface Locked {
  readonly version?: string
  readonly integrity?: string
}

/** Where tarballs are kept for this user; a relative XDG_CACHE_HOME counts for nothing, as its specification says. */
export function cacheOf({ XDG_CACHE_HOME: home = '' }: NodeJS.ProcessEnv): string {
  return join(isAbsolute(home) ? home : join(homedir(), '.cache'), 'portolan-build')
}

export interface UnpackOptions {
  /** The repository's. */
  readonly root: string
  /** Where it is unpacked to. */
  readonly folder: string
  /** Where tarballs are kept: the user's cache folder unless told. */
  readonly cache?: string
  readonly environment?: NodeJS.ProcessEnv
}

/**
 * Unpacks the Bun of an npm package and gives its path. Which one, package-lock.json says, and its bytes
 * are those that it names, whoever gave them: npm's registry the first time, the user's cache folder after that. Throws
 * an `Error` that says what to do without a network.
 */
export function unpackRuntime(
  name: string,
  { root, folder, environment = process.env, cache = cacheOf(environment) }: UnpackOptions,
): string {
  const { version, integrity } = lockedOf(name, root)
  const tarball = join(cache, `${name.replace('@', '').replace('/', '-')}-${version}.tgz`)
  if (!isIntact(tarball, integrity)) {
    download(`${name}@${version}`, tarball, environment)
    if (!isIntact(tarball, integrity)) {
      rmSync(tarball, { force: true })
      throw new Error(`${name} ${version} is not what package-lock.json names, ${integrity}`)
    }
  }
  const own = join(folder, name.replace('/', '-'))
  mkdirSync(own, { recursive: true })
  execFileSync('tar', ['-xzf', tarball, '-C', own, 'package/bin/bun'])
  return join(own, 'package/bin/bun')
}

/** The version of a package and the digest of its bytes, as package-lock.json has them. Throws when it has not. */
export function lockedOf(name: string, root: string): Required<Locked> {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
  const { version, integrity } = (lock.packages[`node_modules/${name}`] ?? {}) as Locked
  if (version === undefined || integrity === undefined)
    throw new Error(`package-lock.json does not name ${name} with its integrity`)
  return { version, integrity }
}

function isIntact(file: string, integrity: string): boolean {
  if (!existsSync(file)) return false
  const [algorithm = '', digest] = integrity.split('-')
  return createHash(algorithm).update(readFileSync(file)).digest('base64') === digest
}

/** By npm, which knows the registry, the proxy and the certificates of this machine. */
function download(spec: string, tarball: string, env: NodeJS.ProcessEnv): void {
  const cache = dirname(tarball)
  mkdirSync(cache, { recursive: true })
  // What may be there is not what was asked for.
  rmSync(tarball, { force: true })
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  const words = ['pack', spec, '--prefer-offline', '--loglevel=error', '--pack-destination', cache]
  const { status, stderr } = spawnSync(npm, words, { cwd: cache, env, encoding: 'utf8' })
  if (status === 0 && existsSync(tarball)) return
  const why = stderr?.match(/^npm error (?!code |syscall |errno )(.*)$/m)?.[1]
  throw new Error(
    `cannot get ${spec.replace(/@([^@]*)$/, ' $1')}, the runtime of an executable, from npm's registry` +
      `${why === undefined ? '' : ` (${why})`}; without one, put its tarball at ${tarball}`,
  )
}
