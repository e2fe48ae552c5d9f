import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, copyFile, mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import packageFile from '../../package.json' with { type: 'json' }
import { describeHeader } from '../../scripts/build/executable-header.ts'
import { headOf } from '../../scripts/build/executables.ts'
import { hostTarget, TARGETS } from '../../scripts/build/targets.ts'
import { librariesOf } from '../../scripts/release/libraries.ts'
import { COMMANDS } from '../../src/cli/commands.ts'
import { providers } from '../../src/clouds/providers.ts'
import { startFolderServer } from '../support/folder-server.ts'
import { list, startListServer } from '../support/list-server.ts'
import { startPortolan } from '../support/portolan.ts'
import { findProgram, findPrograms, run, runOk } from '../support/programs.ts'
import { makeTempFolder, type TempFolder } from '../support/temp.ts'
import { listOf } from '../support/test-ranges.ts'
import { until } from '../support/until.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const MAIN = join(ROOT, 'src/cli/main.ts')
const MINUTES = 240_000

const host = hostTarget()
if (host === undefined) console.warn('executables are skipped; none is made for this machine')

let built: string
beforeAll(async () => {
  if (host === undefined) return
  await runOk(process.execPath, ['scripts/build/main.ts', '--executables'], { cwd: ROOT, timeout: MINUTES })
  built = join(ROOT, 'dist/executables')
}, MINUTES)

describe.skipIf(host === undefined)('the executables', () => {
  it.each(TARGETS)('for $name has a header that says so', async ({ name, header }) => {
    const file = join(built, `portolan-${name}`)
    expect(describeHeader(headOf(file))).toBe(header)
    expect((await stat(file)).mode & 0o111).toBe(0o111)
    if (name !== host?.name)
      console.info(`portolan-${name} is built and not run: this machine is ${host?.name}`)
  })

  const readelf = findProgram('readelf')
  it.skipIf(readelf === undefined).each([
    ['linux-x64', /X86-64/],
    ['linux-arm64', /AArch64/],
    ['linux-x64-musl', /X86-64/],
  ])('for %s is of the machine that readelf sees', async (name, machine) => {
    const said = await runOk(readelf!, ['--file-header', join(built, `portolan-${name}`)])
    expect(/^ *Machine: *(.*)$/m.exec(String(said))?.[1]).toMatch(machine)
  })

  it('tell nothing of the machine that they were built on', async () => {
    const bytes = await readFile(join(built, `portolan-${host!.name}`))
    expect(bytes.includes(ROOT)).toBe(false)
  })
})

describe.skipIf(host === undefined)('an executable alone in an empty folder, without an environment', () => {
  let folder: TempFolder
  let program: string
  const portolan = (...words: string[]) => run(program, words, { cwd: folder.path, env: {} })

  beforeAll(async () => {
    folder = await makeTempFolder()
    program = join(folder.path, 'portolan')
    await copyFile(join(built, `portolan-${host!.name}`), program)
    await writeFile(join(folder.path, 'portolan.yaml'), CONFIG)
    await writeFile(join(folder.path, 'pod.yaml'), 'image: k8s.gcr.io/pause:3.9\n')
    await mkdir(join(folder.path, 'lists'))
    await writeFile(join(folder.path, 'lists/gcp.json'), listOf('gcp', '8.9.0.0/16'))
  })
  afterAll(() => folder?.[Symbol.asyncDispose]())

  it('says its version, and that it is one', async () => {
    expect(String((await portolan('--version')).stdout)).toBe(`${packageFile.version}\n`)
    const { stdout } = await portolan('--version', '--verbose')
    expect(String(stdout)).toMatch(/^runtime {2}Bun \S+ in one executable, \S+ \S+$/m)
    expect(String(stdout)).toMatch(/^data {5}networks \d{4}-/m)
  })

  it.each(COMMANDS.map(({ name }) => name))('has the command %s', async (name) => {
    const { code, stdout } = await portolan(...name.split(' '), '--help')
    expect({ code, usage: String(stdout).startsWith(`Usage: portolan ${name} `) }).toEqual({
      code: 0,
      usage: true,
    })
  })

  it.each([
    ['config', 'check', 'portolan.yaml'],
    ['config', 'check', 'pod.yaml'],
    ['config', 'show', 'portolan.yaml'],
    ['config', 'schema'],
    ['explain', 'demo/hello:1.0', '--config', 'portolan.yaml', '--from', 'aws/eu-west-3', '--offline'],
    ['hosts', '--config', 'portolan.yaml', '--offline', '--json'],
    ['scan', '.', '--json'],
    ['rewrite', 'pod.yaml'],
    ['node-config', '--for', 'containerd'],
    ['ranges', 'about'],
    ['ranges', 'lookup', '8.9.1.1', '--file', 'missing.bin'],
    ['audit', '--config', 'portolan.yaml'],
    ['serve', 'pod.yaml'],
    ['demo-upstream', '.'],
    ['nonsense'],
  ])('does as the sources do: %s %s %s', async (...words) => {
    const source = await run(process.execPath, [MAIN, ...words], { cwd: folder.path, env: {} })
    const { code, stdout, stderr } = await portolan(...words)
    expect({ code, stdout: String(stdout), stderr }).toEqual({ ...source, stdout: String(source.stdout) })
  })

  it('makes ranges in a thread of its own, and looks addresses up', async () => {
    const made = await portolan(
      'ranges',
      'update',
      '--from',
      'lists',
      '--allow-missing',
      '--out',
      'ranges.bin',
    )
    expect(made, made.stderr).toMatchObject({ code: 0 })
    const { stdout } = await portolan('ranges', 'lookup', '8.9.1.1', '--file', 'ranges.bin', '--json')
    expect(JSON.parse(String(stdout))).toMatchObject({
      address: '8.9.1.1',
      place: expect.stringContaining('gcp'),
    })
  })

  it('reads settings of no folder that it is started in', async () => {
    await writeFile(join(folder.path, '.env'), 'PORTOLAN_SCAN_JSON=1\n')
    await writeFile(join(folder.path, 'bunfig.toml'), 'preload = ["./nothing.ts"]\n')
    const { code, stdout, stderr } = await portolan('scan', 'pod.yaml')
    expect({ code, stderr }).toMatchObject({ code: 1 })
    expect(String(stdout)).not.toMatch(/^\{/)
  })

  it('serves: new ranges come from a thread, and a config that changes is read in one', async () => {
    await using server = await startListServer({ '/gcp': list(listOf('gcp', '8.9.0.0/16')) })
    const sources = Object.fromEntries(
      providers.map(({ id }) => [id, id === 'gcp' ? `${server.origin}/gcp` : 'off']),
    )
    const config = {
      upstreams: [{ id: 'main', url: 'http://127.0.0.1:9', at: 'gcp/us-central1' }],
      clouds: { snapshot: join(folder.path, 'served.bin'), refresh: '12h', sources },
    }
    await using door = await startPortolan(config, 'none', program)
    await until('the new ranges', async () => {
      const reply = await fetch(`http://127.0.0.1:${door.adminPort}/ranges`)
      const { refresh } = (await reply.json()) as { refresh: { providers: { state: string }[] } }
      return refresh.providers.some(({ state }) => state === 'ok')
    })
    await writeFile(door.configFile, (await readFile(door.configFile, 'utf8')).replace('12h', '13h'))
    await until('the new config', () => door.log.some(({ msg }) => msg === 'reloaded the config'))
    expect(await door.stop()).toBe(0)
  })

  it('serves by processes of its own', async () => {
    const config = { upstreams: [{ id: 'main', url: 'http://127.0.0.1:9', at: 'gcp/us-central1' }] }
    await using door = await startPortolan(config, 'none', program, ['--workers', '2'])
    expect((await fetch(`http://127.0.0.1:${door.port}/v2/`)).status).toBe(200)
    const metrics = await (await fetch(`http://127.0.0.1:${door.adminPort}/metrics`)).text()
    expect(metrics).toMatch(/^portolan_workers 2$/m)
    expect(await door.stop()).toBe(0)
  })

  describe('runs the demo', () => {
    let demo: Demo
    beforeAll(async () => {
      demo = await startDemo(program, ['demo'], folder.path)
    })
    afterAll(() => demo?.[Symbol.asyncDispose]())

    it('with its second upstream as a process of its own', () => {
      expect(demo.pid).not.toBe(demo.process.pid)
    })

    it('and fills a folder from it, which an audit finds whole', async () => {
      const store = join(folder.path, 'store')
      await mkdir(store)
      await using served = await startFolderServer(store)
      const config = {
        version: 1,
        upstreams: [{ id: 'pier', url: demo.upstream, at: 'gcp/europe-west1' }],
        stores: [
          { id: 'paris', url: served.origin, at: 'aws/eu-west-3', fill: { folder: store }, proof: 'off' },
        ],
        sync: { repositories: { list: ['demo/hello'] } },
      }
      await writeFile(join(folder.path, 'sync.yaml'), JSON.stringify(config))
      const synced = await portolan('sync', 'sync.yaml', '--json')
      expect(synced, synced.stderr).toMatchObject({ code: 0 })
      const audited = await portolan('audit', 'sync.yaml', '--full', '--json')
      expect(audited, audited.stderr).toMatchObject({ code: 0 })
    })

    it('until it is told to end', async () => {
      demo.process.kill()
      expect(await demo.ended).toEqual([0, null])
    })
  })
})

const { found, missing } = findPrograms('skopeo', 'unshare', 'mount', 'chroot')
const noRoot = missing ?? (process.getuid?.() === 0 ? undefined : 'only root may change the root folder')
const unable = host?.host.endsWith(' glibc') ? noRoot : 'it is tried where there is glibc'
if (unable !== undefined)
  console.warn(`an executable with its loader and libraries alone is skipped; ${unable}`)

describe.skipIf(unable !== undefined)(
  'an executable in a root of its own, with its loader and libraries',
  () => {
    let root: TempFolder
    beforeAll(async () => {
      root = await makeTempFolder()
      const program = join(built, `portolan-${host!.name}`)
      for (const { path, bytes } of librariesOf(program)) {
        await mkdir(dirname(join(root.path, path)), { recursive: true })
        await writeFile(join(root.path, path), bytes, { mode: 0o755 })
      }
      await copyFile(program, join(root.path, 'portolan'))
      for (const folder of ['proc', 'dev', 'tmp']) await mkdir(join(root.path, folder))
      await chmod(root.path, 0o755)
      await chmod(join(root.path, 'tmp'), 0o1777)
      await writeFile(join(root.path, 'pod.yaml'), 'image: k8s.gcr.io/pause:3.9\n')
    })
    afterAll(() => root?.[Symbol.asyncDispose]())

    /** As a container has it, of nobody: /proc, /dev, and nothing of this machine's files. */
    const inside = (...words: string[]): [string, string[]] => [
      found.unshare,
      [
        ...['--mount', '/bin/sh', '-c'],
        `mount -t proc proc "$0/proc" && mount --bind /dev "$0/dev" && ` +
          `exec env -i ${found.chroot} --userspec=65532:65532 "$0" /portolan "$@"`,
        root.path,
        ...words,
      ],
    ]

    it('scans', async () => {
      const { code, stdout, stderr } = await run(...inside('scan', '/pod.yaml', '--json'))
      expect({ code, stderr }).toMatchObject({ code: 1 })
      expect(String(stdout)).toContain('registry.k8s.io/pause:3.9')
    })

    it('runs the demo, from which skopeo pulls', async () => {
      await using demo = await startDemo(...inside('demo'), '/tmp')
      await using out = await makeTempFolder()
      const image = `docker://${new URL(demo.door).host}/demo/hello:1.0`
      await runOk(found.skopeo, ['copy', '--quiet', '--src-tls-verify=false', image, `oci:${out.path}/hello`])
    })
  },
)

const CONFIG = `version: 1
upstreams:
  - { id: main, url: "http://127.0.0.1:9", at: gcp/us-central1 }
stores:
  - { id: paris, url: "http://127.0.0.1:9/paris", at: aws/eu-west-3 }
`

/** The demo, running. */
interface Demo extends AsyncDisposable {
  readonly process: ChildProcess
  readonly ended: Promise<unknown[]>
  readonly door: string
  readonly upstream: string
  /** Of the upstream's process. */
  readonly pid: number
}

/** Starts the demo on free ports, with what it keeps in a folder, and waits for it to open. */
async function startDemo(command: string, words: readonly string[], folder: string): Promise<Demo> {
  const ports = ['--port', '0', '--admin-port', '0', '--folder', join(folder, 'world')]
  const child = spawn(command, [...words, ...ports], {
    env: { PATH: '/usr/bin:/bin' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = once(child, 'exit')
  let printed = ''
  for (const output of [child.stdout, child.stderr]) {
    output.on('data', (chunk) => {
      printed += chunk
    })
  }
  await until('the demo to open', () => {
    if (child.exitCode !== null) throw new Error(`the demo ended with ${child.exitCode}:\n${printed}`)
    return printed.includes('Ctrl-C ends it')
  })
  const [, door, upstream, pid] = /door is open at (\S+),[\s\S]*?(http:\S+), process (\d+)/.exec(printed)!
  return {
    ...{ process: child, ended, door: door!, upstream: upstream!, pid: Number(pid) },
    async [Symbol.asyncDispose]() {
      child.kill()
      await ended
    },
  }
}
