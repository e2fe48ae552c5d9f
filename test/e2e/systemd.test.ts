import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startMirroredWorld } from '../support/mirrored-world.ts'
import { findFreePort } from '../support/ports.ts'
import { findProgram, run, runOk } from '../support/programs.ts'
import { bootSystemd, noSystemd, type SystemdMachine } from '../support/systemd.ts'
import { makeTempFolder } from '../support/temp.ts'
import { until } from '../support/until.ts'

const UNIT = fileURLToPath(new URL('../../deploy/systemd/portolan.service', import.meta.url))
const analyze = findProgram('systemd-analyze')
if (analyze === undefined) console.warn('the unit of deploy/systemd is not analysed; no systemd-analyze here')
if (noSystemd !== undefined) console.warn(`the unit of deploy/systemd is not run; ${noSystemd}`)

/** As `systemd-analyze security` counts, from 0 to 10, in tenths. */
const EXPOSURE_MAX = 20
/** To build and boot on a machine that others load, in milliseconds. */
const MINUTES = 240_000

describe.skipIf(analyze === undefined)('the unit, as systemd-analyze sees it', () => {
  it('has no fault', async () => {
    await using folder = await makeTempFolder()
    // A command that is on this machine stands for ours, which is not installed.
    const text = (await readFile(UNIT, 'utf8')).replaceAll('/usr/local/bin/portolan', '/bin/true')
    const file = join(folder.path, 'portolan.service')
    await writeFile(file, text)
    const { code, stderr } = await run(analyze!, ['verify', file])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  })

  it('is exposed to at most 2.0', async () => {
    await using folder = await makeTempFolder()
    const file = join(folder.path, 'portolan.service')
    await copyFile(UNIT, file)
    const words = ['security', '--offline=true', `--threshold=${EXPOSURE_MAX}`, '--no-pager', file]
    const printed = String(await runOk(analyze!, words))
    console.info(/Overall exposure level.*/.exec(printed)?.[0])
  })
})

describe.skipIf(noSystemd !== undefined)('the unit, under systemd', () => {
  let machine: SystemdMachine
  let listen: string
  let config: string
  const stack = new AsyncDisposableStack()

  beforeAll(async () => {
    machine = stack.use(await bootSystemd())
    listen = `127.0.0.1:${await findFreePort()}`
    config = JSON.stringify({
      ...{ version: 1, listen },
      admin: `127.0.0.1:${await findFreePort()}`,
      // Nobody is there, which the door says and lives with.
      upstreams: [{ id: 'main', url: 'http://127.0.0.1:8', at: 'gcp/us-central1' }],
    })
  }, MINUTES)
  afterAll(() => stack.disposeAsync())

  const systemctl = (...words: string[]) => machine.run('systemctl', ...words)
  const show = async (name: string) =>
    String((await systemctl('show', '--property', name, '--value', 'portolan')).stdout).trim()

  /** Type=exec says when it began; it listens a moment later. */
  const untilAlive = async () => {
    let out = ''
    await until('the door to be alive', async () => {
      const { code, stdout } = await machine.run(
        ...['portolan', 'healthcheck', '/etc/portolan/portolan.yaml'],
      )
      out = String(stdout)
      return code === 0
    })
    return out
  }

  it('does not start with a faulty config, and says why', async () => {
    await machine.writeConfig('version: 1\nlisen: 127.0.0.1:1\n')
    expect((await systemctl('start', 'portolan')).code).toBe(1)
    expect(await machine.journal()).toContain('portolan.yaml:2:1 lisen: unknown key')
    await systemctl('stop', 'portolan')
  })

  it('runs a door that may do nothing, which is found alive', async () => {
    await machine.writeConfig(config)
    expect((await systemctl('start', 'portolan')).code).toBe(0)
    const pid = await show('MainPID')
    const status = String((await machine.run('cat', `/proc/${pid}/status`)).stdout)
    expect(status).toMatch(/^CapEff:\t0+$/m)
    expect(status).toMatch(/^NoNewPrivs:\t1$/m)
    expect(status).toMatch(/^Seccomp:\t2$/m)
    expect(status).not.toMatch(/^Uid:\t0\b/m)
    expect(await untilAlive()).toContain('/healthz answered 200: ok')
  })

  it('refuses to reload a faulty config, and says why', async () => {
    expect((await systemctl('reload', 'portolan')).code).toBe(0)
    await machine.writeConfig('version: 1\nadmn: off\n')
    expect((await systemctl('reload', 'portolan')).code).toBe(1)
    expect(await machine.journal()).toContain('portolan.yaml:2:1 admn: unknown key')
    expect(await show('ActiveState')).toBe('active')
    await machine.writeConfig(config)
  })

  it('has it back when it dies', async () => {
    const before = await show('MainPID')
    await systemctl('kill', '--signal', 'SIGKILL', 'portolan')
    await until('another', async () => !['0', before].includes(await show('MainPID')))
  })

  it('takes options from its environment: workers, which run as it does', async () => {
    const environment = 'mkdir -p /etc/default && echo PORTOLAN_SERVE_WORKERS=2 >/etc/default/portolan'
    await machine.run('sh', '-c', environment)
    expect((await systemctl('restart', 'portolan')).code).toBe(0)
    await untilAlive()
    const pid = await show('MainPID')
    const children = String((await machine.run('ps', '--no-headers', '--ppid', pid, '-o', 'pid')).stdout)
    expect(children.trim().split('\n')).toHaveLength(2)
    expect((await fetch(`http://${listen}/v2/`)).status).toBe(200)
  })

  it('runs a mirror, which keeps what is pulled through it below /var/lib/portolan', async () => {
    await using registry = await startMirroredWorld()
    const { cache: _, ...rest } = registry.config()
    const { admin } = JSON.parse(config)
    const cache = { folder: '/var/lib/portolan/cache', size: '1GiB' }
    await machine.writeConfig(JSON.stringify({ ...rest, listen, admin, cache }))
    await machine.run('rm', '/etc/default/portolan')
    expect((await systemctl('restart', 'portolan')).code).toBe(0)
    await untilAlive()
    const [blob] = registry.world.blobs
    const url = `http://${listen}/v2/demo/hello/blobs/${blob!.digest}?ns=sample.example`
    expect((await (await fetch(url)).arrayBuffer()).byteLength).toBe(blob!.size)
    const hex = blob!.digest.slice('sha256:'.length)
    const kept = `/var/lib/private/portolan/cache/blobs/sha256/${hex.slice(0, 2)}/${hex}`
    await until('the blob to be kept', async () => (await machine.run('test', '-f', kept)).code === 0)
    await registry.unplug()
    expect((await systemctl('restart', 'portolan')).code).toBe(0)
    await untilAlive()
    expect((await (await fetch(url)).arrayBuffer()).byteLength).toBe(blob!.size)
  })

  it('keeps what it writes in its own folders, and ends well', async () => {
    const kept = String((await machine.run('ls', '/var/lib/private', '/var/cache/private')).stdout)
    expect(kept).toBe('/var/cache/private:\nportolan\n\n/var/lib/private:\nportolan\n')
    expect(String((await machine.run('ls', '/var/cache/private/portolan')).stdout)).toBe('compiled\n')
    expect((await systemctl('stop', 'portolan')).code).toBe(0)
    expect(await show('Result')).toBe('success')
    expect(await show('ExecMainStatus')).toBe('0')
  })
})
