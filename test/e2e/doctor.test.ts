import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import type { NetworkReport } from '../../src/doctor/network/report.ts'
import { inOwnNetwork, noOwnNetwork } from '../harvest/network.ts'
import { runHosted } from '../support/command-host.ts'
import { installedContainerds, startContainerd } from '../support/containerd.ts'
import type { Names, NetworkFault } from '../support/doctor-in-network.ts'
import { makePrivateAuthority, noPrivateAuthority } from '../support/private-authority.ts'
import { findPrograms, run } from '../support/programs.ts'
import { type Instead, type PullWorld, startPullWorld } from '../support/pull-world.ts'
import { makeTempFolder } from '../support/temp.ts'

const folder = await makeTempFolder()
afterAll(() => folder[Symbol.asyncDispose]())

const IMAGE = 'registry.example/app:1'
const { found, missing } = findPrograms('podman', 'crane', 'crictl')
const isRoot = process.getuid?.() === 0
const containerds = missing === undefined && isRoot ? await installedContainerds() : []

/** A runtime of this machine, told to pull from a world, and the machine as doctor is to read it. */
interface Machine {
  readonly root: string
  /** Whether the runtime has pulled the image. */
  pull(): Promise<boolean>
}

type MakeMachine = (base: string, authority?: string) => Promise<Machine>

let count = 0
const newFolder = () => join(folder.path, String(++count))

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
}

function containerd(installed: (typeof containerds)[number]): MakeMachine {
  return async (base, authority) => {
    const own = newFolder()
    const root = join(own, 'machine')
    const isOld = installed.version.major < 2
    const images = isOld ? 'io.containerd.grpc.v1.cri' : 'io.containerd.cri.v1.images'
    const unpack = isOld
      ? `[plugins."${images}".containerd]\n  snapshotter = "native"\n`
      : `[plugins."${images}"]\n  snapshotter = "native"\n[[plugins."io.containerd.transfer.v1.local".unpack_config]]\n  platform = "linux/${process.arch === 'x64' ? 'amd64' : process.arch}"\n  snapshotter = "native"\n`
    const certs = join(own, 'certs.d')
    const config = `version = ${isOld ? 2 : 3}\n[plugins."${images}".registry]\n  config_path = "${certs}"\n${unpack}`
    const origin = new URL(base).origin
    const ca = authority === undefined ? '' : 'ca = "ca.crt"\n'
    const hosts = `server = "${origin}"\n${ca}[host."${origin}"]\n${ca}`
    // The runtime reads these by their own paths, and doctor below the root that stands for the machine's.
    for (const at of ['', root]) {
      await write(`${at}${certs}/registry.example/hosts.toml`, hosts)
      if (authority !== undefined) await write(`${at}${certs}/registry.example/ca.crt`, authority)
    }
    await write(join(root, '/etc/containerd/config.toml'), config)
    return {
      root,
      async pull() {
        const at = newFolder()
        await mkdir(at, { recursive: true })
        await using running = await startContainerd(installed, {
          folder: at,
          config: join(root, '/etc/containerd/config.toml'),
        })
        return (await running.pull(IMAGE, ['--pull-timeout=30s'])).code === 0
      },
    }
  }
}

const podman: MakeMachine = async (base, authority) => {
  const root = newFolder()
  const { host, protocol } = new URL(base)
  const conf = join(root, '/etc/containers/registries.conf')
  const certs = join(root, `/etc/containers/certs.d/${host}`)
  await write(
    conf,
    `[[registry]]\nprefix = "registry.example"\nlocation = "${host}"\ninsecure = ${protocol === 'http:'}\n`,
  )
  await mkdir(certs, { recursive: true })
  if (authority !== undefined) await writeFile(join(certs, 'ca.crt'), authority)
  return {
    root,
    async pull() {
      const at = newFolder()
      const words = ['--root', join(at, 'root'), '--runroot', join(at, 'run'), '--storage-driver', 'vfs']
      const trust = authority === undefined ? [] : ['--cert-dir', certs]
      const env = { ...process.env, CONTAINERS_REGISTRIES_CONF: conf, HOME: at }
      return (await run(found.podman, [...words, 'pull', '--quiet', ...trust, IMAGE], { env })).code === 0
    },
  }
}

const page: Instead = (_, response) => {
  response.writeHead(403, { 'Content-Type': 'text/html' }).end('<html>blocked</html>')
  return true
}
const limited: Instead = (_, response) => {
  response.writeHead(429, { 'Retry-After': '1' }).end()
  return true
}
const cut: Instead = (_, response) => {
  response.writeHead(200, { 'Content-Length': 614_400 })
  response.write(Buffer.alloc(1000), () => response.destroy())
  return true
}
const other: Instead = (_, response) => {
  response.writeHead(200, { 'Content-Length': 614_400 }).end(Buffer.alloc(614_400, 'x'))
  return true
}

/** What goes wrong, and what doctor calls it. */
const FAULTS: readonly (readonly [string, string, (world: PullWorld) => unknown])[] = [
  ['a host of blobs is down', 'refused', (world) => world.stop('blobs-3.test')],
  ['the registry shows a page', 'html-instead-of-json', ({ instead }) => instead.set('registry.test', page)],
  ['the registry has had enough', 'rate-limited', ({ instead }) => instead.set('registry.test', limited)],
  ['a blob is cut off', 'truncated', ({ instead }) => instead.set('blobs-3.test', cut)],
  ['a blob is another', 'wrong-digest', ({ instead }) => instead.set('blobs-3.test', other)],
]

async function doctor(runtime: string, { root }: Machine) {
  const { code, out } = await runHosted(
    [...['doctor', IMAGE, '--runtime', runtime, '--root', root], '--json'],
    {
      folder: folder.path,
    },
  )
  return { code, report: JSON.parse(out) }
}

const runtimes: readonly (readonly [string, string, MakeMachine])[] = [
  ...containerds.map((one) => [`containerd ${one.version}`, 'containerd', containerd(one)] as const),
  ...(missing === undefined && isRoot ? [['podman', 'podman', podman] as const] : []),
]

if (runtimes.length === 0) it.skip(`the runtimes: ${missing ?? 'they run as root only'}`)

describe.each(runtimes)('%s', (_, runtime, make) => {
  it('pulls where doctor says so, from the hosts that doctor names', async () => {
    await using world = await startPullWorld({ byAddress: true })
    const machine = await make(world.base)
    expect(await machine.pull()).toBe(true)
    const asked = new Set(world.asked)
    expect(asked.size).toBe(4)
    const { code, report } = await doctor(runtime, machine)
    expect(code).toBe(0)
    expect(
      new Set(report.allow.map(({ host, port }: { host: string; port: number }) => `${host}:${port}`)),
    ).toEqual(asked)
  }, 60_000)

  it.each(FAULTS)(
    'does not pull where %s, and doctor says so',
    async (_, cause, spoil) => {
      await using world = await startPullWorld({ byAddress: true })
      const machine = await make(world.base)
      await spoil(world)
      expect(await machine.pull()).toBe(false)
      const { code, report } = await doctor(runtime, machine)
      expect(code).toBe(1)
      expect(report.summary).toMatchObject({ verdict: 'fail', cause })
    },
    90_000,
  )

  it.skipIf(noPrivateAuthority)(
    'trusts an authority that it was told of, and no other',
    async () => {
      await using authority = await makePrivateAuthority(['127.0.0.1'])
      await using world = await startPullWorld({ byAddress: true, certificate: authority })
      const told = await make(world.base, authority.issuer)
      const untold = await make(world.base)
      expect([await told.pull(), await untold.pull()]).toEqual([true, false])
      expect((await doctor(runtime, told)).code).toBe(0)
      const { code, report } = await doctor(runtime, untold)
      expect({ code, cause: report.summary.cause }).toEqual({ code: 1, cause: 'tls-unknown-authority' })
    },
    90_000,
  )
})

it.skipIf(missing !== undefined)(
  'crane and portolan hosts know the hosts that doctor names for its door',
  async () => {
    await using world = await startPullWorld({ byAddress: true })
    const { host, origin } = new URL(world.base)
    const pulled = await run(found.crane, [
      'pull',
      '--insecure',
      `${host}/app:1`,
      join(folder.path, 'app.tar'),
    ])
    expect(pulled).toMatchObject({ code: 0, stderr: '' })
    const asked = new Set(world.asked)
    // `hosts` pulls one small blob alone: it names no host that a pull does not need.
    const config = join(folder.path, 'portolan.yaml')
    const main = { id: 'main', url: origin, at: 'gcp/us-central1' }
    await writeFile(
      config,
      JSON.stringify({ version: 1, listen: '127.0.0.1:0', admin: 'off', upstreams: [main] }),
    )
    const listed = await runHosted(['hosts', config, '--image', 'app:1', '--json'], { folder: folder.path })
    expect(listed).toMatchObject({ code: 0 })
    const { hosts } = JSON.parse(listed.out)
    expect(hosts.length).toBe(3)
    for (const { host, port } of hosts.slice(1)) expect(asked).toContain(`${host}:${port}`)
    const { code, out } = await runHosted(
      ['doctor', 'app:1', '--door', origin, '--runtime', 'shell', '--json'],
      {
        folder: folder.path,
      },
    )
    expect(code).toBe(0)
    const { allow } = JSON.parse(out)
    expect(new Set(allow.map(({ host, port }: { host: string; port: number }) => `${host}:${port}`))).toEqual(
      asked,
    )
  },
)

describe.skipIf(noOwnNetwork)(`in a network of its own ${noOwnNetwork ?? ''}`, () => {
  const SCRIPT = fileURLToPath(new URL('../support/doctor-in-network.ts', import.meta.url))

  /** What doctor says there, of the image of a world that stands in it. */
  async function look(fault: NetworkFault, door?: string) {
    const words = [process.execPath, SCRIPT, fault, ...(door === undefined ? [] : [door])]
    const { stdout, stderr } = await run(...inOwnNetwork(words))
    const said = stdout.toString()
    expect(said, stderr).toMatch(/^\{/)
    return JSON.parse(said) as { code: number; ports: Record<string, number>; report: NetworkReport }
  }

  const RIGHT = '127.0.0.1'
  const NAMES: readonly (readonly [string, Names, string, string, RegExp])[] = [
    ['there is no such name', { servers: { '127.0.0.2': 'no such name' } }, 'dns', 'getent', /NXDOMAIN/],
    [
      'the name has no address',
      { servers: { '127.0.0.2': 'no address' } },
      'dns',
      'getent',
      /knows the name, and no address of it/,
    ],
    [
      'the name server fails',
      { servers: { '127.0.0.2': 'server failure' } },
      'dns-server-failure',
      '@127.0.0.2',
      /name server 127\.0\.0\.2 failed itself \(SERVFAIL\)/,
    ],
    [
      'the name server refuses',
      { servers: { '127.0.0.2': 'refused' } },
      'dns-refused',
      '@127.0.0.2',
      /name server 127\.0\.0\.2 refuses to answer \(REFUSED\)/,
    ],
    [
      'the name server is silent',
      { servers: { '127.0.0.2': 'silence' } },
      'dns-timeout',
      '@127.0.0.2',
      /name server 127\.0\.0\.2 does not answer/,
    ],
    [
      'nobody is where name servers should be',
      { servers: {}, gone: ['127.0.0.2', '127.0.0.3'] },
      'dns-timeout',
      '@127.0.0.2',
      /127\.0\.0\.2 does not answer; name server 127\.0\.0\.3 does not answer/,
    ],
    [
      'one name server fails, and the other knows no such name',
      { servers: { '127.0.0.2': 'server failure', '127.0.0.3': 'no such name' } },
      'dns',
      'getent',
      /127\.0\.0\.2 failed itself \(SERVFAIL\); name server 127\.0\.0\.3 says that there is no such name/,
    ],
    [
      'the file of hosts has an old address',
      { servers: { '127.0.0.2': RIGHT }, fixed: '127.0.0.9' },
      'dns-wrong-address',
      '/etc/hosts',
      /looked up as 127\.0\.0\.9: \/etc\/hosts:3 says so; and it shows its certificate at 127\.0\.0\.1, which name server 127\.0\.0\.2 says/,
    ],
    [
      'the first name server has another address',
      { servers: { '127.0.0.2': '127.0.0.9', '127.0.0.3': RIGHT } },
      'dns-wrong-address',
      '/etc/hosts',
      /it shows its certificate at 127\.0\.0\.1, which name server 127\.0\.0\.3 says/,
    ],
    [
      'a filter says that it is nowhere',
      { servers: { '127.0.0.2': '0.0.0.0' }, door: 'https://registry.example' },
      'dns-wrong-address',
      '/etc/hosts',
      /registry\.example is looked up as 0\.0\.0\.0: name server 127\.0\.0\.2 says 0\.0\.0\.0; that is this machine itself/,
    ],
    [
      'it has IPv6 alone, and the machine IPv4',
      { servers: { '127.0.0.2': '2001:db8::1' } },
      'address-family',
      'ip address',
      /addresses of IPv6 alone \(2001:db8::1\), and this machine has IPv4/,
    ],
  ]

  it.each(NAMES)(
    'tells that %s',
    async (_, names, cause, typed, says) => {
      const { code, report } = await look('names', JSON.stringify(names))
      expect(report.summary.sentence).toMatch(says)
      expect({ code, ...report.summary }).toMatchObject({ code: 1, verdict: 'fail', cause })
      expect(report.summary.host).toMatch(/^registry\.(?:test|example)$/)
      expect(report.summary.try.join('\n')).toContain(typed)
    },
    30_000,
  )

  it('warns of a name server that keeps every lookup waiting, where the next one knows', async () => {
    const names: Names = { servers: { '127.0.0.2': 'silence', '127.0.0.3': RIGHT } }
    const { code, report } = await look('names', JSON.stringify(names))
    expect({ code, verdict: report.summary.verdict }).toEqual({ code: 0, verdict: 'pass' })
    const slow = report.checks.filter(({ check, verdict }) => check === 'dns' && verdict === 'warn')
    expect(slow[0]).toMatchObject({ cause: 'dns-timeout' })
    expect(slow[0]!.says).toMatch(
      /^127\.0\.0\.1, only after \d{4} ms: name server 127\.0\.0\.2 does not answer$/,
    )
  }, 60_000)

  it('names the host whose connections are dropped without a word', async () => {
    const { code, report, ports } = await look('dropped')
    expect(code).toBe(1)
    expect(report.summary).toMatchObject({ verdict: 'fail', cause: 'timeout', port: ports['blobs-2.test'] })
  }, 30_000)

  it('tells that small packets pass and large ones do not', async () => {
    const { code, report, ports } = await look('large packets')
    expect(code).toBe(1)
    expect(report.summary).toMatchObject({ verdict: 'fail', cause: 'timeout', port: ports['blobs-3.test'] })
    expect(report.summary.sentence).toContain(
      'a small part of the same blob came before: large packets may not pass (MTU)',
    )
  }, 30_000)

  it.each(['http://registry.example', 'https://192.0.2.1'])(
    'knows nothing of %s without any network',
    async (door) => {
      const { code, report } = await look('no network', door)
      expect(code).toBe(3)
      expect(report.summary.verdict).toBe('unknown')
      expect(report.checks.filter(({ verdict }) => verdict === 'fail')).toEqual([])
    },
    30_000,
  )
})
