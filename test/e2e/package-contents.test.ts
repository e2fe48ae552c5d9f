import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import packageFile from '../../package.json' with { type: 'json' }
import { providers } from '../../src/clouds/providers.ts'
import { list, startListServer } from '../support/list-server.ts'
import { type InstalledPackage, installPackage } from '../support/package.ts'
import { RUNTIMES, startPortolan } from '../support/portolan.ts'
import { run, runOk } from '../support/programs.ts'
import { makeTempFolder } from '../support/temp.ts'
import { listOf } from '../support/test-ranges.ts'
import { until } from '../support/until.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const RUNTIME_NAMES = ['node', 'bun'] as const

let installed: InstalledPackage
let files: readonly string[]

beforeAll(async () => {
  installed = await installPackage()
  const entries = await readdir(installed.folder, { withFileTypes: true, recursive: true })
  files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}, 120_000)
afterAll(() => installed?.[Symbol.asyncDispose]())

describe('what is installed', () => {
  it('is this package and no other, in at most 10 MB', async () => {
    const modules = await readdir(join(installed.project, 'node_modules'))
    expect(modules.filter((name) => !name.startsWith('.'))).toEqual(['portolan'])
    const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size))
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(10_000_000)
  })

  it('has the licences of what is in it, and neither sources, tests nor source maps', () => {
    const names = files.map((file) => relative(installed.folder, file).replaceAll('\\', '/'))
    expect(names).toEqual(
      expect.arrayContaining(['LICENSE', 'dist/third-party-licences.txt', 'data/geo.bin']),
    )
    expect(
      names.filter((name) =>
        /\.map$|\.test\.|^(?!examples\/|deploy\/workers\/).*(?<!\.d)\.ts$|^(?:src|test|scripts|bench)\//.test(
          name,
        ),
      ),
    ).toEqual([])
  })

  it('tells nothing of the machine that it was built on, nor where packages came from', async () => {
    const { stdout } = await run('npm', ['config', 'get', 'registry'], { cwd: ROOT })
    const registry = new URL(stdout.toString().trim()).host
    const secrets = [ROOT, `${registry}/`, `registry.${'npm'}js.org/`]
    const told = await Promise.all(
      files.map(async (file) => {
        const text = await readFile(file, 'latin1')
        return secrets
          .filter((secret) => text.includes(secret))
          .map((secret) => `${relative(installed.folder, file)} has ${secret}`)
      }),
    )
    expect(told.flat()).toEqual([])
  })
})

describe.each(RUNTIME_NAMES)('the command of the package, on %s', (runtime) => {
  const portolan = (...words: string[]) =>
    runOk(RUNTIMES[runtime], [installed.program, ...words], { cwd: installed.project })

  it('says its version, and what it is', async () => {
    expect(String(await portolan('--version'))).toBe(`${packageFile.version}\n`)
    const about = String(await portolan('--version', '--verbose'))
    expect(about).toMatch(
      /^portolan \S+\ncommit {3}([0-9a-f]{40}(, changed)?|unknown)\nruntime {2}(Node|Bun) /,
    )
  })

  it('checks a config', async () => {
    const example = join(installed.folder, 'examples/minimal.yaml')
    expect(String(await portolan('config', 'check', example))).toContain('valid')
  })

  it('finds its data', async () => {
    expect(String(await portolan('ranges', 'about'))).toMatch(/its country, as of \d{4}-/)
  })

  it('has all that it may load later', async () => {
    const chunks = (await readdir(join(installed.folder, 'dist')))
      .filter(
        (name) =>
          name.endsWith('.js') &&
          !/^(?:cli|legacy-list-worker|parse-worker|password-worker|replay-worker|update-worker)\.js$/.test(
            name,
          ),
      )
      .map((name) => pathToFileURL(join(installed.folder, 'dist', name)).href)
    const file = join(installed.project, 'load.js')
    await writeFile(
      file,
      `for (const chunk of ${JSON.stringify(chunks)}) await import(chunk)\nconsole.log('all')`,
    )
    expect(String(await runOk(RUNTIMES[runtime], [file], { cwd: installed.project }))).toBe('all\n')
  })

  it('runs the demo, whose second upstream is a process of its own', async () => {
    await using folder = await makeTempFolder()
    const words = ['demo', '--port', '0', '--admin-port', '0', '--folder', folder.path]
    const demo = spawn(RUNTIMES[runtime], [installed.program, ...words], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const ended = once(demo, 'exit')
    let printed = ''
    for (const output of [demo.stdout, demo.stderr]) {
      createInterface({ input: output }).on('line', (line) => {
        printed += `${line}\n`
      })
    }
    await until('the demo to open', () => {
      if (demo.exitCode !== null) throw new Error(`the demo ended with ${demo.exitCode}:\n${printed}`)
      return printed.includes('Ctrl-C ends it')
    })
    const [, origin, pid] = /door is open at (\S+),[\s\S]*process (\d+)/.exec(printed)!
    expect(Number(pid)).not.toBe(demo.pid)
    expect((await fetch(`${origin}/v2/demo/hello/tags/list`)).status).toBe(200)
    demo.kill()
    expect(await ended).toEqual([0, null])
  })

  it('runs a door that makes new ranges in a thread of its own', async () => {
    await using folder = await makeTempFolder()
    await using server = await startListServer({ '/gcp': list(listOf('gcp', '8.9.0.0/16')) })
    const sources = Object.fromEntries(
      providers.map(({ id }) => [id, id === 'gcp' ? `${server.origin}/gcp` : 'off']),
    )
    await using door = await startPortolan(
      {
        upstreams: [{ id: 'main', url: 'http://127.0.0.1:9', at: 'gcp/us-central1' }],
        clouds: { snapshot: join(folder.path, 'ranges.bin'), refresh: '12h', sources },
      },
      runtime,
      installed.program,
    )
    await until('the new ranges', async () => {
      const reply = await fetch(`http://127.0.0.1:${door.adminPort}/ranges`)
      const { refresh } = (await reply.json()) as { refresh: { providers: { state: string }[] } }
      return refresh.providers.some(({ state }) => state === 'ok')
    })
  })
})

describe('the command of the package', () => {
  it.each([
    ['Node 20.20.2', { node: '20.20.2' }],
    ['Node 22.17.1', { node: '22.17.1' }],
    ['Node 8.17.0', { node: '8.17.0' }],
    ['Bun 1.3.14', { node: '24.3.0', bun: '1.3.14' }],
    ['Bun 0.8.1', { node: '18.15.0', bun: '0.8.1' }],
  ])('says in one line what it needs, on %s', async (name, pretended) => {
    const pretend = join(installed.project, 'pretend.cjs')
    const versions = `{ ...process.versions, ...${JSON.stringify(pretended)} }`
    await writeFile(pretend, `Object.defineProperty(process, 'versions', { value: ${versions} })`)
    const words = ['-r', pretend, installed.program, '--version']
    const { code, stdout, stderr } = await run(process.execPath, words)
    expect({ code, stdout: String(stdout), stderr }).toEqual({
      code: 2,
      stdout: '',
      stderr: `portolan: needs Node 22.18 or later, or Bun 1.4 or later; this is ${name}\n`,
    })
  })
})

/** Uses each entry of the library, types included. */
const EVERY_ENTRY = `import { PortolanError, type Config } from 'portolan'
import { createNodeHandler, type NodeHandler } from 'portolan/node'
import { type Digest, parseReference, type Reference } from 'portolan/oci'
import { type Place, placeOf } from 'portolan/routing'
import { createMap, KUBERNETES_MAP, rewriteText } from 'portolan/scan'
import { createWorkerRuntime } from 'portolan/workers'
const reference: Reference = parseReference('registry.example.com/team/tool:v1')
const place: Place = placeOf('aws/eu-west-3')
const digest: Digest | undefined = reference.digest
const handler: typeof createNodeHandler = createNodeHandler
export type { Config, NodeHandler }
export { digest }
const isError = new PortolanError('USAGE', 'no') instanceof Error
const source = { path: 'pod.yaml', text: 'image: k8s.gcr.io/pause:3.9\\n' }
const { text } = rewriteText(source, { map: createMap(KUBERNETES_MAP) })
console.log(reference.name, place.name, isError, typeof handler, typeof createWorkerRuntime, text.trim())
`

/** The declaration of what Cloudflare lends to a worker. */
const WORKER_MODULES = 'node_modules/portolan/deploy/workers/src/modules.d.ts'

/** The examples in TypeScript that a page has. */
async function examplesOf(page: string): Promise<string[]> {
  const text = await readFile(join(ROOT, page), 'utf8')
  return [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code!)
}

/** An example that is a part of a worker's `fetch`. */
function inFunction(example: string): string {
  const lines = example.split('\n')
  const imports = lines.filter((line) => line.startsWith('import '))
  const parameters = "request: Request & { cf?: import('portolan/workers').RequestOrigin }, text: string"
  const rest = lines.filter((line) => !line.startsWith('import '))
  return [...imports, `export async function answer(${parameters}) {`, ...rest, '}'].join('\n')
}

describe('an outside project', () => {
  it('compiles against the package, strictly and with its declarations checked, and runs', async () => {
    const [example = ''] = await examplesOf('README.md')
    await writeFile(join(installed.project, 'readme.ts'), example)
    await writeFile(join(installed.project, 'main.ts'), EVERY_ENTRY)
    const [door = '', client = '', worker = ''] = await examplesOf('docs/embedding.md')
    await writeFile(join(installed.project, 'embedding.ts'), door)
    await writeFile(join(installed.project, 'client.ts'), client)
    await writeFile(join(installed.project, 'within-worker.ts'), inFunction(worker))
    const options = {
      compilerOptions: {
        ...{ strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false, module: 'nodenext' },
        ...{ target: 'es2024', lib: ['es2024', 'dom', 'esnext.disposable'], types: [], outDir: 'out' },
      },
      files: ['main.ts', 'readme.ts', 'embedding.ts', 'client.ts', 'within-worker.ts', WORKER_MODULES],
    }
    await writeFile(join(installed.project, 'tsconfig.json'), JSON.stringify(options))
    const compiler = join(ROOT, 'node_modules/typescript/bin/tsc')
    await runOk(process.execPath, [compiler, '-p', installed.project])
    expect(String(await runOk(process.execPath, [join(installed.project, 'out/main.js')]))).toBe(
      'team/tool aws/eu-west-3 true function function image: registry.k8s.io/pause:3.9\n',
    )
    expect(String(await runOk(process.execPath, [join(installed.project, 'out/readme.js')]))).toBe('200\n')
  })
})
