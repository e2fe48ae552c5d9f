import { existsSync, readFileSync } from 'node:fs'
import { copyFile, mkdir, readdir, readFile, realpath, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import packageFile from '../../package.json' with { type: 'json' }
import { hostTarget, TARGETS } from '../../scripts/build/targets.ts'
import { findPrograms, run, runOk } from '../support/programs.ts'
import { FULL } from '../support/sample.ts'
import { makeTempFolder, type TempFolder } from '../support/temp.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const MINUTES = 240_000
const NAME = `portolan-${packageFile.version}`

const { found, missing } = findPrograms('git', 'npm', 'tar', 'openssl', 'sha256sum', 'skopeo', 'unshare')
const unable = missing ?? (hostTarget() === undefined ? 'executables are made on none such' : undefined)
if (unable !== undefined) console.warn(`a release is skipped; ${unable}`)

const NO_NETWORK = ['--net', '--map-root-user']

/** Both are of this machine's target and of a foreign one; in full, of all. */
const targets = FULL ? [] : [hostTarget()?.name ?? '', 'darwin-arm64']
const names = FULL ? TARGETS.map(({ name }) => name) : targets

describe.skipIf(unable !== undefined)('a release, made twice in clones at different paths', () => {
  let folder: TempFolder
  let first: string
  let second: string
  const offline = (command: string, cwd: string) =>
    run(found.unshare, [...NO_NETWORK, '/bin/sh', '-c', command], { cwd })

  beforeAll(async () => {
    folder = await makeTempFolder()
    await runOk('/bin/sh', ['-e', '-c', commandsOf('key').join('\n')], { cwd: folder.path })
    first = await release('one', linkModules, {})
    // Another user's settings, too.
    second = await release(
      'two/deeper',
      FULL ? copyModules : linkModules,
      { TZ: 'Asia/Tokyo', LC_ALL: 'C' },
      '077',
    )
  }, MINUTES)
  afterAll(() => folder?.[Symbol.asyncDispose]())

  async function release(
    name: string,
    provideModules: (modules: string) => Promise<unknown>,
    environment: NodeJS.ProcessEnv,
    umask = '022',
  ): Promise<string> {
    const place = join(folder.path, name)
    const clone = join(place, 'clone')
    await mkdir(place, { recursive: true })
    const shell = (words: string) =>
      runOk('/bin/sh', ['-e', '-c', `umask ${umask}\n${words}`], {
        cwd: place,
        env: { ...process.env, ...environment, PORTOLAN_RELEASE_KEY: join(folder.path, 'release.key') },
        timeout: MINUTES,
      })
    await shell(`"${found.git}" clone --quiet --no-hardlinks "${ROOT}" clone`)
    await provideModules(join(clone, 'node_modules'))
    await shell(`clone/.ci/release out ${targets.join(' ')}`)
    return join(place, 'out')
  }

  it('has the same bytes in every file', async () => {
    const sums = await readFile(join(first, 'SHA256SUMS'), 'utf8')
    expect(await readFile(join(second, 'SHA256SUMS'), 'utf8')).toBe(sums)
    expect(await readdir(second)).toEqual(await readdir(first))
    expect(await readFile(join(second, 'SHA256SUMS.sig'))).toEqual(
      await readFile(join(first, 'SHA256SUMS.sig')),
    )
  })

  it('has every file that there should be, and a checksum of each', async () => {
    const files = [
      `${NAME}.tgz`,
      `${NAME}-chart.tgz`,
      ...names.map((name) => `${NAME}-${name}.tar.gz`),
      ...['', '-executables'].flatMap((kind) => [`${NAME}${kind}.cdx.json`, `${NAME}${kind}.spdx.json`]),
      ...(hostTarget()?.host.endsWith(' glibc') ? [`${NAME}-image-${hostTarget()?.name}.tar`] : []),
    ]
    expect((await readdir(first)).sort()).toEqual([...files, 'SHA256SUMS', 'SHA256SUMS.sig'].sort())
    const summed = (await readFile(join(first, 'SHA256SUMS'), 'utf8')).trim().split('\n')
    expect(summed.map((line) => line.split('  ')[1])).toEqual(files.sort())
  })

  it('is checked offline by the commands of docs/installing.md', async () => {
    await copyFile(join(folder.path, 'release.pub'), join(first, 'release.pub'))
    const commands = commandsOf('check')
    expect(commands).toHaveLength(2)
    for (const command of commands) {
      const { code, stderr } = await offline(command, first)
      expect({ command, code, stderr }).toMatchObject({ code: 0 })
    }
  })

  it.each([
    ['a file', `${NAME}.cdx.json`, 0],
    ['the list of checksums', 'SHA256SUMS', 1],
  ])('is refused by them when %s was altered', async (_, name, command) => {
    const altered = join(folder.path, `altered-${command}`)
    await mkdir(altered)
    for (const file of ['SHA256SUMS', 'SHA256SUMS.sig', 'release.pub', `${NAME}.cdx.json`]) {
      await copyFile(join(first, file), join(altered, file))
    }
    await runOk('/bin/sh', ['-c', 'printf " " >>"$0"', join(altered, name)])
    expect((await offline(commandsOf('check')[command]!, altered)).code).not.toBe(0)
  })

  it('names in its bills the packages whose licences the package has, and no others', async () => {
    const text = await runOk(found.tar, [
      '-xzOf',
      join(first, `${NAME}.tgz`),
      'package/dist/third-party-licences.txt',
    ])
    const licensed = [...String(text).matchAll(/^(\S+) (\d\S*) \(.+\)$/gm)].map(
      ([, name, version]) => `${name}@${version}`,
    )
    expect(licensed.length).toBeGreaterThan(50)
    const cyclone = JSON.parse(await readFile(join(first, `${NAME}.cdx.json`), 'utf8'))
    const spdx = JSON.parse(await readFile(join(first, `${NAME}.spdx.json`), 'utf8'))
    const ofCyclone = cyclone.components.map((each: Record<string, string>) => `${each.name}@${each.version}`)
    const ofSpdx = spdx.packages.map((each: Record<string, string>) => `${each.name}@${each.versionInfo}`)
    expect(ofCyclone.sort()).toEqual([...new Set(licensed)].sort())
    expect(ofSpdx.sort()).toEqual([...ofCyclone, `portolan@${packageFile.version}`].sort())
    expect(cyclone.components.filter((each: { hashes?: unknown }) => each.hashes === undefined)).toEqual([])
  })

  it('has an executable in each archive, with the licences of what is in it', async () => {
    for (const name of names) {
      const archive = join(first, `${NAME}-${name}.tar.gz`)
      const listed = String(await runOk(found.tar, ['-tzf', archive]))
        .trim()
        .split('\n')
      expect(listed).toEqual(['LICENSE', 'third-party-licences.txt', 'portolan'])
      expect(String(await runOk(found.tar, ['-xzOf', archive, 'third-party-licences.txt']))).toContain(
        'WebKit',
      )
    }
    await runOk(found.tar, [
      '-xzf',
      join(first, `${NAME}-${hostTarget()?.name}.tar.gz`),
      '-C',
      folder.path,
      'portolan',
    ])
    const said = String(await runOk(join(folder.path, 'portolan'), ['--version', '--verbose']))
    const head = String(await runOk(found.git, ['rev-parse', 'HEAD'], { cwd: ROOT })).trim()
    expect(said).toContain(`\ncommit   ${head}\n`)
  })

  it('has an image that skopeo reads, of nobody, with the program to run', async () => {
    const image = `oci-archive:${join(first, `${NAME}-image-${hostTarget()?.name}.tar`)}`
    const { config } = JSON.parse(String(await runOk(found.skopeo, ['inspect', '--config', image])))
    expect(config).toMatchObject({ User: '65532:65532', Entrypoint: ['/usr/local/bin/portolan'] })
    await runOk(found.skopeo, ['copy', '--quiet', image, `dir:${join(folder.path, 'image')}`])
    const { layers } = JSON.parse(await readFile(join(folder.path, 'image/manifest.json'), 'utf8'))
    const layer = join(folder.path, 'image', layers[0].digest.replace('sha256:', ''))
    const listed = String(await runOk(found.tar, ['-tzf', layer])).split('\n')
    // Debian has the licences of glibc there, which has to come with them.
    const copyright = '/usr/share/doc/libc6/copyright'
    if (existsSync(copyright)) expect(listed).toContain(copyright.slice(1))
  })

  it('is not made of a clone with a file that is not of its commit', async () => {
    const clone = join(folder.path, 'one/clone')
    await copyFile(join(clone, 'LICENSE'), join(clone, 'docs/notes.md'))
    const { code, stderr } = await run(join(clone, '.ci/release'), ['../never'], { cwd: clone })
    expect(code).not.toBe(0)
    expect(stderr).toContain('a release is of a commit alone, but git says "?? docs/notes.md"')
  })
})

/** The commands of the blocks of docs/installing.md that are marked with a word. */
function commandsOf(mark: string): string[] {
  const text = readFileSync(join(ROOT, 'docs/installing.md'), 'utf8')
  const blocks = text.matchAll(/^```sh (\w+)\n([^`]*)```$/gm)
  return [...blocks].flatMap(([, marked, block]) => (marked === mark ? block!.trim().split('\n') : []))
}

/** What is installed here, which may itself be links. */
async function installed(): Promise<string> {
  return dirname(await realpath(join(ROOT, 'node_modules/yaml')))
}

async function linkModules(modules: string): Promise<void> {
  const from = await installed()
  await mkdir(modules)
  for (const name of await readdir(from)) await symlink(join(from, name), join(modules, name))
}

/** With links of files, if that can be. */
async function copyModules(modules: string): Promise<void> {
  const words = ['-c', 'cp -al "$0" "$1" 2>/dev/null || cp -a "$0" "$1"', await installed(), modules]
  await runOk('/bin/sh', words, { timeout: MINUTES })
}
