import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findPrograms, run, runOk } from '../support/programs.ts'
import { makeTempFolder, type TempFolder } from '../support/temp.ts'
import { until } from '../support/until.ts'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

const { found, missing } = findPrograms('skopeo')
if (missing !== undefined) console.warn(`killing an upstream of the demo is skipped; ${missing}`)

describe.skipIf(missing !== undefined)('an upstream of the demo that is killed', () => {
  let folder: TempFolder
  let demo: ChildProcess
  let exited: Promise<unknown[]>
  let printed = ''

  beforeAll(async () => {
    folder = await makeTempFolder()
    demo = spawn(
      process.execPath,
      [MAIN, 'demo', '--port', '0', '--admin-port', '0', '--folder', folder.path],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    exited = once(demo, 'exit')
    demo.stdout!.on('data', (chunk) => {
      printed += chunk
    })
    await until('the demo to open', () => {
      if (demo.exitCode !== null) throw new Error(`the demo ended with ${demo.exitCode}:\n${printed}`)
      return printed.includes('Ctrl-C ends it')
    })
  })
  afterAll(async () => {
    demo?.kill()
    await exited
    await folder?.[Symbol.asyncDispose]()
  })

  const told = (pattern: RegExp) => pattern.exec(printed)![1]!
  const pull = (name: string) =>
    run(found.skopeo, [
      ...['copy', '--quiet', '--src-tls-verify=false'],
      told(/(docker:\/\/\S+\/demo\/hello:1\.0)/),
      `oci:${join(folder.path, name)}`,
    ])
  const explained = async () => {
    const admin = told(/admin service at (http:\S+)/)
    const words = ['explain', 'demo/hello:1.0', '--from', '35.180.1.1', '--admin', admin, '--json']
    const { steps } = JSON.parse((await runOk(process.execPath, [MAIN, ...words])).toString())
    return steps[0].explanation.decision
  }

  it('loses its clients to the next one, where their pulls work', async () => {
    expect(await explained()).toMatchObject({ backend: 'pier', reason: 'nearest-upstream' })
    expect(await pull('before')).toMatchObject({ code: 0 })

    const running = pull('running')
    process.kill(Number(told(/^ +kill (\d+)$/m)))
    // Whether that pull had its manifests by then is chance; the next ones go where there is somebody.
    await running
    await until('a pull to work', async () => (await pull('next')).code === 0)
    expect(await pull('after')).toMatchObject({ code: 0 })
    expect(await explained()).toMatchObject({ backend: 'harbour', reason: 'failover', movedFrom: 'pier' })
    await until('the log', () => printed.includes('"backend":"pier","from":"degraded","to":"ejected"'))
  })

  it('leaves nothing behind when the demo ends', async () => {
    demo.kill()
    expect(await exited).toEqual([0, null])
  })
})
