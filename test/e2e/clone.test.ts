import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findFreePort } from '../support/ports.ts'
import { findPrograms, runOk } from '../support/programs.ts'
import { makeTempFolder, type TempFolder } from '../support/temp.ts'
import { until } from '../support/until.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const INSTALL = 240_000

const { found, missing } = findPrograms('git', 'npm', 'curl', 'skopeo')
if (missing !== undefined) console.warn(`the demo of a bare clone is skipped; ${missing}`)

/** A newcomer's environment: what this test runner has put on PATH and into npm's settings is left out. */
function bareEnvironment(home: string): NodeJS.ProcessEnv {
  const path = (process.env.PATH ?? '').split(delimiter).filter((folder) => !folder.includes('node_modules'))
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(npm_(?!config_)|NODE_ENV|NODE_OPTIONS|VITEST)/.test(name),
  )
  return { ...Object.fromEntries(kept), PATH: path.join(delimiter), XDG_CACHE_HOME: home }
}

describe.skipIf(missing !== undefined)('npm start on a bare clone', () => {
  let folder: TempFolder
  let demo: ChildProcess
  let exited: Promise<unknown[]>
  let port: number
  let adminPort: number
  let printed = ''

  beforeAll(async () => {
    folder = await makeTempFolder()
    const clone = join(folder.path, 'clone')
    await runOk(found.git, ['clone', '--quiet', '--no-hardlinks', ROOT, clone])
    expect(await readdir(clone)).not.toContain('node_modules')
    port = await findFreePort()
    adminPort = await findFreePort()
    demo = spawn(found.npm, ['start', '--', ...flags()], {
      cwd: clone,
      env: bareEnvironment(folder.path),
      stdio: ['ignore', 'pipe', 'pipe'],
      // Ctrl-C reaches npm and all that it started, as the foreground group of a terminal.
      detached: true,
    })
    exited = once(demo, 'exit')
    for (const output of [demo.stdout!, demo.stderr!]) {
      output.on('data', (chunk) => {
        printed += chunk
      })
    }
    await until(
      'the demo to say that the door is open',
      () => {
        if (demo.exitCode !== null) throw new Error(`npm start ended with ${demo.exitCode}:\n${printed}`)
        return printed.includes('Ctrl-C ends it')
      },
      INSTALL,
    )
  }, INSTALL + 10_000)
  afterAll(async () => {
    if (demo?.exitCode === null && demo.signalCode === null) {
      process.kill(-demo.pid!, 'SIGKILL')
      await exited
    }
    await folder?.[Symbol.asyncDispose]()
  })

  it('opens a door through which skopeo pulls', async () => {
    const [copy] = lines(/^\s*(skopeo copy .*)$/gm)
    const [, ...args] = copy!.split(/\s+/)
    await runOk(found.skopeo, args, { cwd: folder.path })
    await runOk(found.skopeo, ['copy', '--all', ...args.slice(1, -1), 'oci:all'], { cwd: folder.path })
    const blobs = (layout: string) => readdir(join(folder.path, layout, 'blobs/sha256'))
    expect(await blobs('all')).toEqual(expect.arrayContaining(await blobs('hello')))
    expect((await blobs('all')).length).toBeGreaterThan((await blobs('hello')).length)
  })

  it('prints three commands that show one blob at three places', async () => {
    const commands = lines(/^\s*(curl .*)$/gm)
    expect(commands).toHaveLength(3)
    const locations = await Promise.all(commands.map((command) => runOk('/bin/sh', ['-c', command])))
    expect(new Set(locations.map(String)).size).toBe(3)
    for (const location of locations)
      expect(String(location)).toMatch(/^location: http:\/\/127\.0\.0\.1:\d+\/\S+\r?\n$/i)
  })

  it('ends on Ctrl-C, and frees its port', async () => {
    process.kill(-demo.pid!, 'SIGINT')
    // What npm makes of the exit code depends on the shell between it and the demo: see the next test.
    await exited
    await until('the door to be closed', () =>
      fetch(`http://127.0.0.1:${port}/v2/`).then(
        () => false,
        () => true,
      ),
    )
    expect(printed).not.toMatch(/\berror\b/i)
  })

  it('has installed what the demo needs, and nothing for tests or builds', async () => {
    const installed = await readdir(join(folder.path, 'clone/node_modules'))
    expect(installed).toContain('yaml')
    expect(installed.filter((name) => /^(vitest|bun|typescript|azurite|@aws-sdk)$/.test(name))).toEqual([])
    // Without the history, which a clone from another machine packs, and one from a folder does not.
    const words = ['-sm', '--exclude=.git', join(folder.path, 'clone')]
    const [megabytes] = /^\d+/.exec(String(await runOk('du', words)))!
    expect(Number(megabytes)).toBeLessThanOrEqual(250)
  })

  it.each(['SIGINT', 'SIGTERM'] as const)('ends with 0 on %s', async (signal) => {
    const child = spawn(process.execPath, ['src/cli/main.ts', 'demo', ...flags()], {
      cwd: join(folder.path, 'clone'),
      env: bareEnvironment(folder.path),
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = once(child, 'exit')
    let said = ''
    child.stdout.on('data', (chunk) => {
      said += chunk
    })
    await until('the demo to open', () => said.includes('Ctrl-C ends it') || child.exitCode !== null)
    child.kill(signal)
    expect(await ended).toEqual([0, null])
  })

  it('packs a package that runs where nothing else is installed', { timeout: INSTALL }, async () => {
    const options = { env: bareEnvironment(folder.path), timeout: INSTALL }
    const clone = join(folder.path, 'clone')
    await runOk(found.npm, ['pack', '--pack-destination', folder.path], { ...options, cwd: clone })
    const [tarball] = (await readdir(folder.path)).filter((name) => name.endsWith('.tgz'))
    const project = join(folder.path, 'project')
    await mkdir(project)
    await runOk(found.npm, ['install', '--offline', join(folder.path, tarball!)], {
      ...options,
      cwd: project,
    })
    const head = String(await runOk(found.git, ['rev-parse', 'HEAD'], { cwd: clone })).trim()
    const program = join(project, 'node_modules/.bin/portolan')
    const said = await runOk(process.execPath, [program, '--version', '--verbose'], { cwd: project })
    expect(String(said)).toContain(`\ncommit   ${head}\n`)
  })

  const flags = () => ['--port', `${port}`, '--admin-port', `${adminPort}`]
  const lines = (pattern: RegExp) => [...printed.matchAll(pattern)].map((match) => match[1]!)
})
