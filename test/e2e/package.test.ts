import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises'
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

    it('can be run from the sources, too', options, async () => {
      expect(await load(program, await sourcesOf(join(ROOT, 'src')))).toBe('all\n')
    })

    it('serves what skopeo pulls, and ends on SIGTERM', options, async () => {
      const images = await makeSampleImages(join(folder.path, 'images'))
      const port = await findFreePort()
      const config = join(folder.path, 'config.yaml')
      await writeFile(
        config,
        `version: 1
listen: 127.0.0.1:${port}
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
const PROGRAM = /(?:^|\/)(?:cli|main|parse-worker|update-worker|upstream-process)\.[jt]s$/

async function chunksOf(dist: string): Promise<string[]> {
  const names = await readdir(dist)
  return names.filter((name) => name.endsWith('.js') && !PROGRAM.test(name)).map((name) => join(dist, name))
}

async function sourcesOf(src: string): Promise<string[]> {
  const names = await readdir(src, { recursive: true })
  return names
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && !PROGRAM.test(name))
    .map((name) => join(src, name))
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
