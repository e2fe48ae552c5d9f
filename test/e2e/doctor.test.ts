import { appendFile, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { DOCTOR_REPORT } from '../../src/doctor/network/report-schema.ts'
import { inOwnNetwork, noOwnNetwork } from '../harvest/network.ts'
import { runHosted } from '../support/command-host.ts'
import { installedContainerds } from '../support/containerd.ts'
import type { Names, NetworkFault } from '../support/doctor-in-network.ts'
import { makePrivateAuthority, noPrivateAuthority } from '../support/private-authority.ts'
import { findPrograms, run } from '../support/programs.ts'
import { cut, limited, other, page } from '../support/pull-faults.ts'
import { type PullWorld, startPullWorld } from '../support/pull-world.ts'
import {
  containerdMachine,
  IMAGE,
  type MakeMachine,
  type PullingMachine,
  podmanMachine,
  showProcess,
} from '../support/pulling-machine.ts'
import { makeTempFolder } from '../support/temp.ts'

const folder = await makeTempFolder()
afterAll(() => folder[Symbol.asyncDispose]())

const { found, missing } = findPrograms('podman', 'crane', 'crictl')
const isRoot = process.getuid?.() === 0
const containerds = missing === undefined && isRoot ? await installedContainerds() : []

/** What goes wrong, and what doctor calls it. */
const FAULTS: readonly (readonly [string, string, (world: PullWorld) => unknown])[] = [
  ['a host of blobs is down', 'refused', (world) => world.stop('blobs-3.test')],
  ['the registry shows a page', 'html-instead-of-json', ({ instead }) => instead.set('registry.test', page)],
  ['the registry has had enough', 'rate-limited', ({ instead }) => instead.set('registry.test', limited)],
  ['a blob is cut off', 'truncated', ({ instead }) => instead.set('blobs-3.test', cut)],
  ['a blob is another', 'wrong-digest', ({ instead }) => instead.set('blobs-3.test', other)],
]

const make = async (build: MakeMachine, ...to: [base: string, authority?: string]) =>
  build(join(folder.path, String(++count)), ...to)
let count = 0

async function pulls(machine: PullingMachine, image?: string): Promise<boolean> {
  await using runtime = await machine.open()
  return await runtime.pull(image)
}

async function doctor(runtime: string, { root }: Pick<PullingMachine, 'root'>, image = IMAGE) {
  const { code, out } = await runHosted(
    [...['doctor', image, '--runtime', runtime, '--root', root], '--json'],
    {
      folder: folder.path,
    },
  )
  return { code, report: DOCTOR_REPORT.parse(JSON.parse(out)) }
}

const runtimes: readonly (readonly [string, string, MakeMachine])[] = [
  ...containerds.map((one) => [`containerd ${one.version}`, 'containerd', containerdMachine(one)] as const),
  ...(missing === undefined && isRoot ? [['podman', 'podman', podmanMachine] as const] : []),
]

if (runtimes.length === 0) it.skip(`the runtimes: ${missing ?? 'they run as root only'}`)

describe.each(runtimes)('%s', (_, runtime, build) => {
  it('pulls where doctor says so, from the hosts that doctor names', async () => {
    await using world = await startPullWorld({ byAddress: true })
    const machine = await make(build, world.base)
    expect(await pulls(machine)).toBe(true)
    const asked = new Set(world.asked)
    expect(asked.size).toBe(4)
    const { code, report } = await doctor(runtime, machine)
    expect(code).toBe(0)
    expect(new Set(report.allow.map(({ host, port }) => `${host}:${port}`))).toEqual(asked)
  }, 60_000)

  it.each(FAULTS)(
    'does not pull where %s, and doctor says so',
    async (_, cause, spoil) => {
      await using world = await startPullWorld({ byAddress: true })
      const machine = await make(build, world.base)
      await spoil(world)
      expect(await pulls(machine)).toBe(false)
      const { code, report } = await doctor(runtime, machine)
      expect(code).toBe(1)
      expect(report.summary).toMatchObject({ verdict: 'fail', cause })
    },
    90_000,
  )

  it.skipIf(noPrivateAuthority)(
    'pulls from its own loopback, of which its settings say nothing, as doctor says',
    async () => {
      await using authority = await makePrivateAuthority(['127.0.0.1'])
      await using plain = await startPullWorld({ byAddress: true })
      await using secured = await startPullWorld({ byAddress: true, certificate: authority })
      for (const { base } of [plain, secured]) {
        const machine = await make(build, 'http://127.0.0.1:1/v2')
        const image = `${new URL(base).host}/app:1`
        const { code } = await doctor(runtime, machine, image)
        expect([base, code]).toEqual([base, (await pulls(machine, image)) ? 0 : 1])
      }
    },
    90_000,
  )

  it.skipIf(noPrivateAuthority)(
    'trusts an authority that it was told of, and no other',
    async () => {
      await using authority = await makePrivateAuthority(['127.0.0.1'])
      await using world = await startPullWorld({ byAddress: true, certificate: authority })
      const told = await make(build, world.base, authority.issuer)
      const untold = await make(build, world.base)
      expect([await pulls(told), await pulls(untold)]).toEqual([true, false])
      expect((await doctor(runtime, told)).code).toBe(0)
      const { code, report } = await doctor(runtime, untold)
      expect({ code, cause: report.summary.cause }).toEqual({ code: 1, cause: 'tls-unknown-authority' })
    },
    90_000,
  )
})

it.skipIf(noPrivateAuthority).each(containerds.map((one) => [one.version.version, one] as const))(
  'containerd %s does not know an authority that was installed since its start, and doctor says so until it is restarted',
  async (_, installed) => {
    await using before = await makePrivateAuthority(['127.0.0.1'])
    await using since = await makePrivateAuthority(['127.0.0.1'])
    await using known = await startPullWorld({ byAddress: true, certificate: before })
    await using unknown = await startPullWorld({ byAddress: true, certificate: since })
    const bundle = 'etc/ssl/certs/ca-certificates.crt'
    const machines = await Promise.all(
      [known, unknown].map(async ({ base }) => {
        const machine = await make(containerdMachine(installed), base)
        await mkdir(join(machine.root, 'etc/ssl/certs'), { recursive: true })
        await writeFile(join(machine.root, bundle), before.issuer)
        await writeFile(join(machine.root, 'etc/ssl/certs/before.pem'), before.issuer)
        return machine
      }),
    )
    const open = async (machine: PullingMachine) => {
      const trusted = { SSL_CERT_FILE: join(machine.root, bundle), SSL_CERT_DIR: '/nowhere' }
      const runtime = await machine.open(trusted)
      await showProcess(machine.root, runtime.pid!)
      return runtime
    }
    for (const [machine, isNew] of [
      [machines[0]!, false],
      [machines[1]!, true],
    ] as const) {
      await using running = await open(machine)
      expect(await running.pull()).toBe(!isNew)
      // The kernel tells to the second when it was started.
      await new Promise((resolve) => setTimeout(resolve, 1500))
      await appendFile(join(machine.root, bundle), since.issuer)
      expect(await running.pull()).toBe(!isNew)
      const { code, report } = await doctor('containerd', machine)
      expect(code).toBe(isNew ? 1 : 0)
      expect(report.view.authorities.late).toBe(1)
      if (isNew)
        expect(report.summary).toMatchObject({ verdict: 'fail', cause: 'restart-needed', host: '127.0.0.1' })
      if (isNew) expect(report.summary.try[0]).toContain('systemctl restart containerd')
    }
    const [, machine] = machines
    await rm(join(machine!.root, 'proc'), { recursive: true })
    await using restarted = await open(machine!)
    expect(await restarted.pull()).toBe(true)
    expect((await doctor('containerd', machine!)).code).toBe(0)
  },
  120_000,
)

it.skipIf(noPrivateAuthority).each(containerds.map((one) => [one.version.version, one] as const))(
  'containerd %s knows at once an authority that hosts.toml names, and doctor says so',
  async (_, installed) => {
    await using authority = await makePrivateAuthority(['127.0.0.1'])
    await using world = await startPullWorld({ byAddress: true, certificate: authority })
    const machine = await make(containerdMachine(installed), world.base)
    await using runtime = await machine.open()
    await showProcess(machine.root, runtime.pid!)
    expect([await runtime.pull(), (await doctor('containerd', machine)).code]).toEqual([false, 1])
    await new Promise((resolve) => setTimeout(resolve, 1500))
    await machine.trust(authority.issuer)
    expect([await runtime.pull(), (await doctor('containerd', machine)).code]).toEqual([true, 0])
  },
  60_000,
)

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
    const { report, ...rest } = JSON.parse(said) as {
      code: number
      ports: Record<string, number>
      report: unknown
    }
    return { ...rest, report: DOCTOR_REPORT.parse(report) }
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
