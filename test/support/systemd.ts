import { existsSync } from 'node:fs'
import { mkdir, realpath, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildDist } from './package.ts'
import { noPodman, ON_THIS_MACHINE, openPodman, type Podman } from './podman.ts'
import { RUNTIMES } from './portolan.ts'
import { findProgram, type Ran, runOk } from './programs.ts'
import { makeTempFolder } from './temp.ts'
import { until } from './until.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const INIT = '/usr/lib/systemd/systemd'

/** Why {@link bootSystemd} cannot work here; `undefined` when it can. */
export const noSystemd =
  noPodman ?? (existsSync(INIT) && findProgram('systemctl') ? undefined : 'not on this machine: systemd')

/** A machine with systemd, our unit and our command. */
export interface SystemdMachine extends AsyncDisposable {
  /** Runs a command on it. */
  run(...words: readonly string[]): Promise<Ran>
  /** The config of the door, in /etc/portolan. */
  writeConfig(text: string): Promise<void>
  /** All that the unit and its processes have said. */
  journal(): Promise<string>
}

/**
 * Boots this machine's own systemd in a container with this machine's /usr, the command as it is published in /usr/local,
 * and the unit as it is in `deploy/systemd`: systemd runs only as the first process of a system.
 */
export async function bootSystemd(): Promise<SystemdMachine> {
  const folder = await makeTempFolder()
  const at = (name: string) => join(folder.path, name)
  const machine = 'machine'
  let podman: Podman | undefined
  const end = async () => {
    await podman?.[Symbol.asyncDispose]()
    await folder[Symbol.asyncDispose]()
  }
  try {
    await makeRoot(at('root'))
    await makeLocal(at('local'))
    await mkdir(at('config'), { mode: 0o755 })
    await runOk('tar', ['--create', '--file', at('root.tar'), '--directory', at('root'), '.'])
    const volumes = {
      ...{ '/usr': '/usr', [at('local')]: '/usr/local', [at('config')]: '/etc/portolan' },
      ...Object.fromEntries(
        ['bin', 'dist', 'data', 'package.json'].map((name) => [join(ROOT, name), `/opt/portolan/${name}`]),
      ),
      [await realpath(RUNTIMES.node)]: '/usr/local/bin/node',
      [join(ROOT, 'deploy/systemd/portolan.service')]: '/etc/systemd/system/portolan.service',
    }
    const mounts = Object.entries(volumes).map(([from, to]) => `--volume=${from}:${to}:ro`)
    podman = await openPodman(at('root.tar'), mounts)
    const { runOk: podmanOk, run } = podman
    await podmanOk([
      ...['run', '--detach', '--name', machine, '--systemd=always', '--privileged', ...ON_THIS_MACHINE],
      ...[...mounts, 'root', INIT, '--unit=basic.target'],
    ])
    await until('systemd to be up', async () => {
      const { stdout } = await run(['exec', machine, 'systemctl', 'is-system-running'])
      return /^(?:running|degraded)/.test(String(stdout))
    })
    return {
      run: (...words) => run(['exec', machine, ...words]),
      writeConfig: (text) => writeFile(at('config/portolan.yaml'), text, { mode: 0o644 }),
      journal: async () =>
        String(await podmanOk(['exec', machine, 'journalctl', '--no-pager', '--unit', 'portolan'])),
      [Symbol.asyncDispose]: end,
    }
  } catch (error) {
    await end()
    throw error
  }
}

/** All that is not in /usr. */
async function makeRoot(root: string): Promise<void> {
  for (const name of [
    'usr',
    'etc',
    'opt/portolan',
    'tmp',
    'var/tmp',
    'var/lib',
    'var/cache',
    'root',
    'run',
  ]) {
    await mkdir(join(root, name), { recursive: true })
  }
  for (const name of ['bin', 'lib', 'lib64', 'sbin']) await symlink(`usr/${name}`, join(root, name))
  const files = {
    passwd: 'root:x:0:0:root:/root:/bin/sh\n',
    group: 'root:x:0:\n',
    'nsswitch.conf': 'passwd: files systemd\ngroup: files systemd\nhosts: files\n',
    'machine-id': '',
  }
  for (const [name, text] of Object.entries(files)) await writeFile(join(root, 'etc', name), text)
}

/** What an operator put there: Node, and the command. */
async function makeLocal(local: string): Promise<void> {
  await buildDist()
  await mkdir(join(local, 'bin'), { recursive: true })
  // Where the one of the tests is mounted.
  await writeFile(join(local, 'bin/node'), '')
  await symlink('/opt/portolan/bin/portolan.cjs', join(local, 'bin/portolan'))
}
