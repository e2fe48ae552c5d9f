import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, cp, mkdir, readdir, stat, symlink, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import packageFile from '../../package.json' with { type: 'json' }
import { makeSampleImages } from '../../src/demo/images.ts'
import { type OtherNode, otherNode } from '../support/other-node.ts'
import { type InstalledPackage, installPackage } from '../support/package.ts'
import { RUNTIMES } from '../support/portolan.ts'
import { findFreePort } from '../support/ports.ts'
import { findPrograms, run, runOk } from '../support/programs.ts'
import { makeTempFolder, type TempFolder } from '../support/temp.ts'
import { until } from '../support/until.ts'

// What a user does with the package, on each runtime that it is for: the oldest that package.json names above all.

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const OLDEST = `${/\d+\.\d+/.exec(packageFile.engines.node)![0]}.0`
const RUNTIMES_TO_TRY: Readonly<Record<string, OtherNode>> = {
  [`Node ${OLDEST}`]: await otherNode(OLDEST),
  'the pinned Node': { program: RUNTIMES.node },
  Bun: { program: RUNTIMES.bun },
}
const TOO_OLD: Readonly<Record<string, OtherNode>> = { '20.20.2': await otherNode('20.20.2') }

const { found, missing } = findPrograms('npx', 'skopeo')
if (missing !== undefined) console.warn(`the package in a user's hands is skipped; ${missing}`)
for (const [name, node] of Object.entries({ ...RUNTIMES_TO_TRY, ...TOO_OLD })) {
  if ('missing' in node) console.warn(`the package on ${name} is skipped; ${node.missing}`)
}

let installed: InstalledPackage
let folder: TempFolder
const kept = new AsyncDisposableStack()

beforeAll(async () => {
  if (missing !== undefined) return
  folder = kept.use(await makeTempFolder())
  installed = kept.use(await installPackage())
})
afterAll(() => kept.disposeAsync())

describe.skipIf(missing !== undefined).each(Object.entries(RUNTIMES_TO_TRY))(
  'the package on %s',
  (name, node) => {
    const program = 'program' in node ? node.program : ''
    const options = { skip: 'missing' in node }

    it('checks a config by npx', options, async () => {
      const example = join(installed.folder, 'examples/minimal.yaml')
      const printed = await runOk(found.npx, ['portolan', 'config', 'check', example], {
        cwd: installed.project,
        env: await withNode(program),
      })
      expect(String(printed)).toContain('valid')
    })

    it('has only modules that can be loaded', options, async () => {
      expect(await load(program, await chunksOf(join(installed.folder, 'dist')))).toBe('all\n')
    })

    it('can be run from the sources, and built, too', options, async () => {
      const sources = [...(await sourcesOf('src')), ...(await sourcesOf('scripts/build'))]
      expect(await load(program, sources)).toBe('all\n')
    })

    it('serves what skopeo pulls, and ends on SIGTERM', options, async () => {
      const images = await makeSampleImages(join(folder.path, 'images'))
      const port = await findFreePort()
      const config = join(folder.path, 'config.yaml')
      await writeFile(
        config,
        `version: 1
listen: 127.0.0.1:${port}
admin: 127.0.0.1:0
upstreams: [{ id: main, layout: ${JSON.stringify(images.folder)}, at: gcp/us-central1 }]
`,
      )
      const child = spawn(program, [installed.program, 'serve', '--config', config], {
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      const ended = once(child, 'exit')
      try {
        await opened(child, port)
        const { name: image, tags } = images.images[0]!
        const layout = join(folder.path, `pulled-by-${name.replaceAll(/\W/g, '-')}`)
        await runOk(found.skopeo, [
          ...['copy', '--all', '--src-tls-verify=false'],
          ...[`docker://127.0.0.1:${port}/${image}:${tags[0]}`, `oci:${layout}:a`],
        ])
        expect((await readdir(join(layout, 'blobs/sha256'))).length).toBeGreaterThan(4)
      } finally {
        child.kill('SIGTERM')
      }
      expect(await ended).toEqual([0, null])
    })
  },
)

describe.skipIf(missing !== undefined).each(Object.entries(TOO_OLD))(
  'the package on Node %s',
  (version, node) => {
    it('says by npx in one line what it needs', { skip: 'missing' in node }, async () => {
      const { code, stdout, stderr } = await run(found.npx, ['portolan', 'serve'], {
        cwd: installed.project,
        env: await withNode('program' in node ? node.program : ''),
      })
      expect({ code, stdout: String(stdout), stderr }).toEqual({
        code: 2,
        stdout: '',
        stderr: `portolan: needs Node 22.18 or later, or Bun 1.4 or later; this is Node ${version}\n`,
      })
    })
  },
)

/** Where V8's compiled code is expected, in a folder that is `home` or `tmp` in the environment; none is kept in others. */
const KEPT: readonly (readonly [title: string, env: Record<string, string>, at: string | undefined])[] = [
  ['a home', { HOME: 'home', TMPDIR: 'tmp' }, 'home/.cache/portolan/compiled'],
  ['a cache folder', { HOME: 'home', XDG_CACHE_HOME: 'xdg', TMPDIR: 'tmp' }, 'xdg/portolan/compiled'],
  ['a home that is not there', { HOME: 'nowhere', TMPDIR: 'tmp' }, 'tmp/portolan-compiled-UID'],
  ['an empty HOME', { HOME: '', TMPDIR: 'tmp' }, 'tmp/portolan-compiled-UID'],
  ['a file for a home', { HOME: 'file', TMPDIR: 'tmp' }, 'tmp/portolan-compiled-UID'],
  ['nothing but a folder that anybody may write to', { HOME: 'nowhere', TMPDIR: 'open' }, undefined],
  [
    'a temporary folder in which anybody may put another one in its place',
    { HOME: '', TMPDIR: 'loose' },
    undefined,
  ],
  ['a folder that Node is told', { NODE_COMPILE_CACHE: 'told', HOME: 'home', TMPDIR: 'tmp' }, 'told'],
]

describe.skipIf(missing !== undefined || process.getuid === undefined)('what is compiled', () => {
  it.each(KEPT)('is kept, and used, by a user with %s', async (_, named, at) => {
    await using own = await makeTempFolder()
    const uid = process.getuid!()
    for (const name of ['home', 'xdg', 'tmp', 'loose', 'told', `open/portolan-compiled-${uid}`]) {
      await mkdir(join(own.path, name), { recursive: true, mode: 0o755 })
    }
    for (const name of ['loose', `open/portolan-compiled-${uid}`]) await chmod(join(own.path, name), 0o777)
    await writeFile(join(own.path, 'file'), '')
    const env = Object.entries(named).map(([name, value]) => [name, value && join(own.path, value)])
    // A command with flags for V8, which takes no code that was compiled with others.
    const words = [installed.program, 'scan', '--help']
    const options = { cwd: own.path, env: { NODE_DEBUG_NATIVE: 'COMPILE_CACHE', ...Object.fromEntries(env) } }
    await runOk(RUNTIMES.node, words, options)
    const { stdout, stderr } = await run(RUNTIMES.node, words, options)
    const said = `${stdout}${stderr}`
    expect(said).toContain('Usage: portolan scan')
    // Of a folder that Node is told, it looks at the code before it hears of the flags.
    if (!('NODE_COMPILE_CACHE' in named)) expect(said).not.toContain('was rejected')
    if (at === undefined) expect(said).not.toContain('was accepted')
    else {
      expect(said).toContain('was accepted')
      expect(await readdir(join(own.path, at.replace('UID', String(uid))))).toHaveLength(1)
    }
    expect(await readdir(own.path)).not.toContain('.cache')
  })

  it('is thrown away when versions and runtimes that are gone have left too much of it', async () => {
    await using own = await makeTempFolder()
    const kept = join(own.path, 'home/.cache/portolan/compiled')
    const env = { HOME: join(own.path, 'home') }
    const start = () => runOk(RUNTIMES.node, [installed.program, '--version'], { cwd: own.path, env })
    for (const name of ['full', 'few']) await mkdir(join(kept, name), { recursive: true, mode: 0o755 })
    await writeFile(join(kept, 'few/code'), '')
    for (let n = 0; n <= 1000; n++) await writeFile(join(kept, 'full', String(n)), '')
    await start()
    const left = (await readdir(kept)).filter((name) => !name.startsWith('v'))
    expect(left).toEqual(['few'])
    for (let n = 0; n <= 20; n++) await mkdir(join(kept, `runtime-${n}`))
    await start()
    expect((await readdir(kept)).filter((name) => !name.startsWith('v'))).toEqual([])
  })

  it('is not taken from a home of somebody else', { skip: process.getuid?.() !== 0 }, async () => {
    await using own = await makeTempFolder()
    for (const name of ['home/.cache/portolan', 'tmp']) await mkdir(join(own.path, name), { recursive: true })
    // As by sudo, which keeps HOME on some systems: what that user puts there would run as root.
    for (const name of ['home', 'home/.cache', 'home/.cache/portolan'])
      await chown(join(own.path, name), 65532, 65532)
    const env = { HOME: join(own.path, 'home'), TMPDIR: join(own.path, 'tmp') }
    await runOk(RUNTIMES.node, [installed.program, '--version'], { cwd: own.path, env })
    expect(await readdir(join(own.path, 'tmp'))).toEqual(['portolan-compiled-0'])
    expect(await readdir(join(own.path, 'home/.cache/portolan/compiled')).catch(() => [])).toEqual([])
  })

  it('is kept by a user who may not write to the package', { skip: process.getuid?.() !== 0 }, async () => {
    await using own = await makeTempFolder()
    await chmod(own.path, 0o1777)
    await cp(installed.folder, join(own.path, 'portolan'), { recursive: true })
    const child = spawn(RUNTIMES.node, [join(own.path, 'portolan/bin/portolan.cjs'), '--version'], {
      ...{ uid: 65532, gid: 65532, cwd: '/' },
      stdio: 'inherit',
      env: { HOME: '/nonexistent', TMPDIR: own.path },
    })
    expect(await once(child, 'exit')).toEqual([0, null])
    const { uid, mode } = await stat(join(own.path, 'portolan-compiled-65532'))
    expect({ uid, others: mode & 0o077 }).toEqual({ uid: 65532, others: 0 })
  })
})

describe('the command of a clone that is not built', () => {
  it('says what to do', async () => {
    await using own = await makeTempFolder()
    await cp(join(ROOT, 'bin'), join(own.path, 'bin'), { recursive: true })
    await cp(join(ROOT, 'package.json'), join(own.path, 'package.json'))
    const { code, stderr } = await run(RUNTIMES.node, [join(own.path, 'bin/portolan.cjs'), 'serve'])
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringMatching(/^portolan: [^\n]*npm run build[^\n]*\n$/),
    })
  })
})

/** The environment of a user who has this runtime under the name of `node`, and no other before it. */
async function withNode(program: string): Promise<NodeJS.ProcessEnv> {
  const bin = join(folder.path, `bin-${relative('/', program).replaceAll(/\W/g, '-')}`)
  await mkdir(bin, { recursive: true })
  await symlink(program, join(bin, 'node')).catch(() => {})
  return { PATH: `${bin}:${dirname(found.npx)}:/usr/bin:/bin`, HOME: folder.path }
}

/** Loads modules one after the other, and gives what that prints: `all`, after whatever they say. */
async function load(program: string, files: readonly string[]): Promise<string> {
  const file = join(installed.project, 'load.js')
  const urls = JSON.stringify(files.map((path) => pathToFileURL(path).href))
  await writeFile(
    file,
    `let faults = ''
for (const url of ${urls}) await import(url).catch((error) => { faults += \`\${url}: \${error.message}\\n\` })
console.log(faults || 'all')`,
  )
  return String(await runOk(program, [file], { cwd: installed.project }))
}

/** What runs as soon as it is loaded. */
const PROGRAM =
  /(?:^|\/)(?:cli|main|legacy-list-worker|parse-worker|password-worker|replay-worker|update-worker|upstream-process)\.[jt]s$/

async function chunksOf(dist: string): Promise<string[]> {
  const names = await readdir(dist)
  return names.filter((name) => name.endsWith('.js') && !PROGRAM.test(name)).map((name) => join(dist, name))
}

async function sourcesOf(folder: string): Promise<string[]> {
  const names = await readdir(join(ROOT, folder), { recursive: true })
  return names
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && !PROGRAM.test(name))
    .map((name) => join(ROOT, folder, name))
}

/** Waits until the door of a process answers; throws with all that the process printed when it ends before. */
async function opened(child: ChildProcess, port: number): Promise<void> {
  let printed = ''
  for (const output of [child.stdout, child.stderr]) {
    output?.on('data', (chunk) => {
      printed += chunk
    })
  }
  await until('the door to answer', () => {
    if (child.exitCode !== null) throw new Error(`serve ended with ${child.exitCode}:\n${printed}`)
    return fetch(`http://127.0.0.1:${port}/v2/`).then(
      ({ ok }) => ok,
      () => false,
    )
  })
}
