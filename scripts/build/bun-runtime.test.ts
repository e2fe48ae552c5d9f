import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { beforeEach, expect, it, onTestFinished } from 'vitest'
import { writeTar } from '../../src/demo/tar.ts'
import { makeTempFolder } from '../../test/support/temp.ts'
import { cacheOf, unpackRuntime } from './bun-runtime.ts'

const TARBALL = gzipSync(
  writeTar([{ path: 'package/bin/bun', bytes: Buffer.from('a runtime'), executable: true }]),
)
const INTEGRITY = `sha512-${createHash('sha512').update(TARBALL).digest('base64')}`

let root: string
let cache: string
/** A repository whose lock file names one runtime, and a user's cache folder. No registry answers. */
beforeEach(async () => {
  const folder = await makeTempFolder()
  onTestFinished(() => folder[Symbol.asyncDispose]())
  root = folder.path
  cache = join(root, 'cache')
  await mkdir(cache)
  const packages = { 'node_modules/@oven/bun-moon': { version: '9.9.9', integrity: INTEGRITY } }
  await writeFile(join(root, 'package-lock.json'), JSON.stringify({ packages }))
})

const unpack = (name = '@oven/bun-moon') => {
  const npm = { npm_config_registry: 'http://127.0.0.1:9/', npm_config_fetch_retries: '0' }
  return unpackRuntime(name, {
    root,
    folder: join(root, 'work'),
    cache,
    environment: { ...process.env, ...npm },
  })
}

it('comes from the cache when it is the one that package-lock.json names', async () => {
  await writeFile(join(cache, 'oven-bun-moon-9.9.9.tgz'), TARBALL)
  expect(await readFile(unpack(), 'utf8')).toBe('a runtime')
})

it('is asked for again when the one in the cache is another, and without a network the error says what to do', async () => {
  const tarball = join(cache, 'oven-bun-moon-9.9.9.tgz')
  await writeFile(tarball, 'something else')
  expect(() => unpack()).toThrow(
    /^cannot get @oven\/bun-moon 9\.9\.9, the runtime of an executable, from npm's registry \(.*ECONNREFUSED.*\); without one, put its tarball at .*oven-bun-moon-9\.9\.9\.tgz$/,
  )
})

it('has to be in package-lock.json', () => {
  expect(() => unpack('@oven/bun-mars')).toThrow(
    'package-lock.json does not name @oven/bun-mars with its integrity',
  )
})

it.each([
  ['/elsewhere', '/elsewhere/portolan-build'],
  ['', join(homedir(), '.cache/portolan-build')],
  // In whichever folder npm runs, that would be another one.
  ['relative', join(homedir(), '.cache/portolan-build')],
])('is kept, where XDG_CACHE_HOME is "%s", in %s', (home, folder) => {
  expect(cacheOf({ XDG_CACHE_HOME: home })).toBe(folder)
})
