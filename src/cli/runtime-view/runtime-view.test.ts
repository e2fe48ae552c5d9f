import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import tls from 'node:tls'
import { afterEach, expect, it, vi } from 'vitest'
import { proxyFor } from '../../net/proxies.ts'
import { parseReference } from '../../oci/reference.ts'
import { readRuntimeView } from './runtime-view.ts'

const roots: string[] = []
afterEach(async () => {
  vi.unstubAllEnvs()
  for (const root of roots.splice(0)) await rm(root, { recursive: true })
})

/** A machine with these files. */
async function view(image: string, files: Readonly<Record<string, string>>, runtime?: string) {
  const root = await mkdtemp(join(tmpdir(), 'runtime-view-'))
  roots.push(root)
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), text)
  }
  return readRuntimeView({ reference: parseReference(image), root, runtime, timeout: 1000 })
}

const UNIT = '/usr/lib/systemd/system/containerd.service'
const PEM = (text: string) => `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`
const CERTS = {
  '/etc/containerd/config.toml':
    "version = 3\n[plugins.'io.containerd.cri.v1.images'.registry]\nconfig_path = '/etc/containerd/certs.d'\n",
}

it('goes through the proxy of the unit, its drop-ins and its files of variables, and not that of the shell', async () => {
  vi.stubEnv('HTTPS_PROXY', 'http://shell.example:1')
  const {
    view: seen,
    facts,
    hint,
  } = await view('registry.example/a:1', {
    [UNIT]:
      '[Service]\nEnvironment=HTTPS_PROXY=http://old.example:3128\nEnvironmentFile=-/etc/sysconfig/containerd\nExecStart=/usr/bin/containerd\n',
    '/etc/systemd/system/containerd.service.d/proxy.conf':
      '[Service]\nEnvironment="HTTPS_PROXY=http://jo:pass%%20word@proxy.example:3128" "NO_PROXY=.corp.example"\n',
    '/etc/sysconfig/containerd': '# ours\nNO_PROXY=".corp.example,10.0.0.0/8"\n',
  })
  expect(proxyFor('https://registry.example/v2/', seen.proxies)).toBe(
    'http://jo:pass%20word@proxy.example:3128',
  )
  expect(proxyFor('https://mirror.corp.example/v2/', seen.proxies)).toBeUndefined()
  expect(proxyFor('https://10.1.1.1/v2/', seen.proxies)).toBeUndefined()
  expect(facts).toMatchObject({
    runtime: 'containerd',
    proxies: {
      from: '/etc/systemd/system/containerd.service.d/proxy.conf, /etc/sysconfig/containerd',
      https: 'http://…@proxy.example:3128',
    },
  })
  expect(hint).toBeUndefined()
})

it('says that the shell has a proxy where the unit has none', async () => {
  vi.stubEnv('HTTPS_PROXY', 'http://shell.example:1')
  const seen = await view('registry.example/a:1', { [UNIT]: '[Service]\nExecStart=/usr/bin/containerd\n' })
  expect(proxyFor('https://registry.example/v2/', seen.view.proxies)).toBeUndefined()
  expect(seen.hint).toContain(
    'this shell has a proxy and containerd.service has none: `systemctl edit containerd`',
  )
})

it('asks the hosts of hosts.toml in their order, with the registry that is meant and the authorities of each', async () => {
  const folder = '/etc/containerd/certs.d/registry.example'
  const { endpoints } = await view('registry.example/a:1', {
    ...CERTS,
    [`${folder}/hosts.toml`]:
      '[host."https://one.example"]\nca = "one.crt"\n[host."https://two.example/v2/path"]\noverride_path = true\n',
    [`${folder}/one.crt`]: PEM('one'),
  })
  expect(endpoints).toEqual([
    {
      base: 'https://one.example/v2',
      role: 'mirror',
      namespace: 'registry.example',
      authorities: [PEM('one').trim()],
    },
    { base: 'https://two.example/v2/path', role: 'mirror', namespace: 'registry.example', authorities: [] },
    { base: 'https://registry.example/v2', role: 'registry', authorities: [] },
  ])
})

it.each([
  ['config_path with two folders', "config_path = '/etc/containerd/certs.d:/etc/docker/certs.d'\n"],
  [
    'mirrors beside config_path',
    "config_path = '/etc/containerd/certs.d'\n[plugins.'io.containerd.cri.v1.images'.registry.mirrors.x]\nendpoint = ['https://y']\n",
  ],
])('has the findings of the settings: %s', async (_, text) => {
  const { facts } = await view('registry.example/a:1', {
    '/etc/containerd/config.toml': `version = 3\n[plugins.'io.containerd.cri.v1.images'.registry]\n${text}`,
    '/etc/containerd/certs.d/registry.example/hosts.toml': '[host."https://one.example"]\n',
  })
  expect(facts.findings).toContainEqual(expect.objectContaining({ file: '/etc/containerd/config.toml' }))
})

it('takes the entry of registries.conf with the longest prefix, for Podman', async () => {
  const conf = [
    '[[registry]]\nprefix = "registry.example"\nlocation = "other.example"\n',
    '[[registry]]\nprefix = "registry.example/team"\nlocation = "registry.example/team"\nblocked = true\n[[registry.mirror]]\nlocation = "mirror.example:5000/copies"\ninsecure = true\n',
  ]
  const files = { '/etc/containers/registries.conf': conf.join('') }
  expect((await view('registry.example/team/app:1', files, 'podman')).endpoints).toEqual([
    {
      base: 'https://mirror.example:5000/v2/copies',
      role: 'mirror',
      isInsecure: true,
      authorities: [],
      cut: 'team',
    },
  ])
  expect((await view('registry.example/other:1', files, 'podman')).endpoints).toEqual([
    { base: 'https://other.example/v2', role: 'registry', isInsecure: false, authorities: [] },
  ])
})

it('finds that an image is blocked, and nothing where others are, or where another runtime is broken', async () => {
  const files = {
    '/etc/containers/registries.conf':
      '[[registry]]\nprefix = "registry.example/team"\nlocation = "registry.example/team"\nblocked = true\n',
    '/etc/crio/crio.conf': 'no = [',
  }
  const blocked = await view('registry.example/team/app:1', files, 'podman')
  expect(blocked.endpoints).toEqual([])
  expect(blocked.facts.findings).toMatchObject([{ effect: 'broken' }])
  expect((await view('registry.example/app:1', files, 'podman')).facts.findings).toEqual([])
  expect((await view('registry.example/app:1', files, 'crio')).facts.findings).toMatchObject([
    { file: '/etc/crio/crio.conf', effect: 'broken' },
  ])
})

it('asks the mirrors of daemon.json for images of Docker Hub alone', async () => {
  const files = {
    '/etc/docker/daemon.json': '{"registry-mirrors":["https://mirror.example"]}',
    '/etc/docker/certs.d/mirror.example/ca.crt': PEM('own'),
  }
  const hub = await view('busybox', files)
  expect(hub.reference.name).toBe('library/busybox')
  expect(hub.facts.runtime).toBe('docker')
  expect(hub.endpoints).toEqual([
    { base: 'https://mirror.example/v2', role: 'mirror', authorities: [PEM('own').trim()] },
    { base: 'https://registry-1.docker.io/v2', role: 'registry', authorities: [] },
  ])
  expect((await view('registry.example/a:1', files)).facts.endpoints).toEqual(['https://registry.example/v2'])
})

/** A process as Linux shows it, which began so many seconds after the machine. */
const PROCESS = (id: number, name: string, seconds: number, group = '/') => ({
  [`/proc/${id}/comm`]: `${name}\n`,
  [`/proc/${id}/cgroup`]: `0::${group}\n`,
  [`/proc/${id}/stat`]: `${id} (a ) name) S 1 ${'0 '.repeat(17)}${seconds * 100} 0 0\n`,
})

it('takes any certificate, and plain HTTP, where daemon.json or a flag says so, and on loopback', async () => {
  const files = {
    '/etc/docker/daemon.json':
      '{"insecure-registries":["one.example:5000","10.1.0.0/16","https://two.example"]}',
    '/etc/systemd/system/docker.service':
      '[Service]\nExecStart=/usr/sbin/dockerd --insecure-registry three.example --insecure-registry=four.example\n',
  }
  const isInsecure = async (host: string) => {
    const [first] = (await view(`${host}/a:1`, files, 'docker')).endpoints
    expect(first?.base).toBe(`https://${host}/v2`)
    return first?.isInsecure === true
  }
  for (const host of ['one.example:5000', '10.1.2.3:5000', 'two.example', 'three.example', 'four.example'])
    expect([host, await isInsecure(host)]).toEqual([host, true])
  for (const host of ['localhost:5000', '127.0.0.1:5000'])
    expect([host, await isInsecure(host)]).toEqual([host, true])
  for (const host of ['one.example', '10.2.2.3:5000', 'two.example:5000'])
    expect([host, await isInsecure(host)]).toEqual([host, false])
})

it('goes through the proxies of daemon.json before those of the unit, and reads variables as Go does', async () => {
  const unit = (text: string) => ({ '/etc/systemd/system/docker.service': `[Service]\n${text}` })
  const variables =
    'Environment=HTTPS_PROXY=http://unit.example:1 https_proxy=http://small.example:1 ALL_PROXY=http://all.example:1 NO_PROXY=.corp.example\n'
  const daemon = {
    '/etc/docker/daemon.json': '{"proxies":{"https-proxy":"http://jo:hunter2@daemon.example:3128"}}',
  }
  const of = async (image: string, files: Readonly<Record<string, string>>) => {
    const seen = await view(image, files, 'docker')
    const [first] = seen.endpoints
    return { proxy: proxyFor(first!.base, seen.view.proxies), facts: seen.facts.proxies }
  }
  const { proxy, facts } = await of('registry.example/a:1', { ...unit(variables), ...daemon })
  expect(proxy).toBe('http://jo:hunter2@daemon.example:3128')
  expect(facts).toEqual({
    from: '/etc/docker/daemon.json, /etc/systemd/system/docker.service',
    ...{ https: 'http://…@daemon.example:3128', none: '.corp.example' },
  })
  const own = unit(variables)
  expect((await of('registry.example/a:1', own)).proxy).toBe('http://unit.example:1')
  expect((await of('corp.example/a:1', own)).proxy).toBe('http://unit.example:1')
  expect((await of('a.corp.example/a:1', own)).proxy).toBeUndefined()
  const flag = unit('ExecStart=/usr/sbin/dockerd --https-proxy http://flag.example:1\n')
  expect((await of('registry.example/a:1', flag)).proxy).toBe('http://flag.example:1')
  const all = unit('Environment=ALL_PROXY=http://all.example:1\n')
  expect((await of('registry.example/a:1', all)).proxy).toBeUndefined()
})

it('knows since when the runtime runs, by its unit where there are several, and which authorities are younger', async () => {
  const boot = Math.floor(Date.now() / 1000) - 1000
  const files = {
    '/proc/stat': `cpu 1 2 3\nbtime ${boot}\n`,
    '/etc/ssl/certs/ca-certificates.crt': PEM('bundle') + tls.rootCertificates[0],
  }
  const at = (seconds: number) => new Date((boot + seconds) * 1000).toISOString()
  const early = { ...files, ...PROCESS(7, 'containerd', 20), ...PROCESS(8, 'containerd-shim', 30) }
  const one = await view('registry.example/a:1', early, 'containerd')
  expect(one.facts).toMatchObject({ since: at(20), authorities: { count: 2, late: 1 } })
  expect(one.view.late).toMatchObject({ certificates: [PEM('bundle').trim()] })
  expect(one.view.late?.why).toMatch(
    `containerd has been running since ${at(20)}, and /etc/ssl/certs/ca-certificates.crt was changed at `,
  )
  const later = { ...files, ...PROCESS(7, 'dockerd', 2000) }
  const none = await view('registry.example/a:1', later, 'docker')
  expect([none.facts.since, none.view.late]).toEqual([at(2000), undefined])
  const two = { ...early, ...PROCESS(9, 'containerd', 2000, '/system.slice/containerd.service') }
  expect((await view('registry.example/a:1', two, 'containerd')).facts.since).toBe(at(2000))
  const k3s = { ...PROCESS(9, 'containerd', 30, '/../../system.slice/k3s.service') }
  const docker = PROCESS(10, 'containerd', 40, '/system.slice/docker.service')
  const inside = PROCESS(
    11,
    'containerd',
    50,
    '/system.slice/docker-1f.scope/system.slice/containerd.service',
  )
  const several = { ...files, ...k3s, ...docker, ...inside }
  expect((await view('registry.example/a:1', several, 'containerd')).facts).toMatchObject({
    ...{ since: at(30), unit: 'k3s.service' },
  })
  const unclear = { ...early, ...PROCESS(9, 'containerd', 2000, '/docker/x') }
  expect((await view('registry.example/a:1', unclear, 'containerd')).facts.since).toBeUndefined()
  expect((await view('registry.example/a:1', early, 'podman')).facts.since).toBeUndefined()
})

it('goes by what the runtime was started with, and says what its unit and config have said since', async () => {
  const boot = Math.floor(Date.now() / 1000) - 1000
  const DROP_IN = '/etc/systemd/system/containerd.service.d/proxy.conf'
  const files = {
    ...CERTS,
    ...PROCESS(7, 'containerd', 20),
    '/proc/stat': `btime ${boot}\n`,
    '/proc/7/environ': 'HTTPS_PROXY=http://jo:hunter2@old.example:3128\0AWS_SECRET_ACCESS_KEY=hunter2\0',
    [DROP_IN]: '[Service]\nEnvironment=HTTPS_PROXY=http://jo:hunter2@new.example:3128\n',
  }
  const { facts, view: seen, hint } = await view('registry.example/a:1', files, 'containerd')
  expect(proxyFor('https://registry.example/v2/', seen.proxies)).toBe('http://jo:hunter2@old.example:3128')
  const since = new Date((boot + 20) * 1000).toISOString()
  const common = { effect: 'unused', fix: '`systemctl daemon-reload; systemctl restart containerd`' }
  expect(facts.findings).toEqual([
    {
      ...{ ...common, file: '/etc/containerd/config.toml', line: 1 },
      problem: `containerd has been running since ${since}, before this was changed, and has not read it`,
    },
    {
      ...{ ...common, file: DROP_IN, line: 2 },
      problem: `containerd runs with other values of HTTPS_PROXY than its unit has: it has been running since ${since}`,
    },
  ])
  expect(hint).toBe(`${facts.findings[1]?.problem}: ${common.fix}`)
  expect(facts.proxies).toEqual({
    from: 'what containerd was started with',
    https: 'http://…@old.example:3128',
  })
  expect(JSON.stringify(facts)).not.toContain('hunter2')
  const same = { ...files, '/proc/7/environ': 'HTTPS_PROXY=http://jo:hunter2@new.example:3128\0PATH=/bin\0' }
  expect((await view('registry.example/a:1', same, 'containerd')).facts.findings).toHaveLength(1)
  // What a unit does not have may come from elsewhere, and the unit of k3s is its own.
  const elsewhere = { ...same, [DROP_IN]: '[Service]\nRestart=always\n' }
  expect((await view('registry.example/a:1', elsewhere, 'containerd')).facts.findings).toHaveLength(1)
  const k3s = {
    ...{ ...files, ...PROCESS(7, 'containerd', 20, '/system.slice/k3s.service') },
    '/etc/systemd/system/k3s.service.env': 'HTTPS_PROXY=http://k3s.example:1\n',
    '/etc/systemd/system/k3s.service': '[Service]\nEnvironmentFile=-/etc/systemd/system/k3s.service.env\n',
  }
  const [own] = (await view('registry.example/a:1', k3s, 'containerd')).facts.findings
  expect(own).toMatchObject({ file: '/etc/systemd/system/k3s.service.env', line: 1 })
  expect(own?.fix).toContain('systemctl restart k3s`')
  const fresh = { ...same, ...PROCESS(7, 'containerd', 2000) }
  expect((await view('registry.example/a:1', fresh, 'containerd')).facts.findings).toEqual([])
})

it('trusts what Go trusts: the first file that is there, all that lies in the folders, and other places by variables', async () => {
  const files = {
    '/etc/ssl/certs/ca-certificates.crt': PEM('bundle') + PEM('more'),
    '/etc/ssl/certs/own.pem': PEM('own'),
    '/etc/ssl/cert.pem': PEM('not read'),
    '/srv/ca.pem': PEM('named'),
  }
  const { view: seen } = await view('registry.example/a:1', files, 'containerd')
  expect(seen.authorities).toEqual([PEM('bundle').trim(), PEM('more').trim(), PEM('own').trim()])
  vi.stubEnv('SSL_CERT_FILE', '/srv/ca.pem')
  vi.stubEnv('SSL_CERT_DIR', '/nothing')
  expect((await view('registry.example/a:1', files, 'podman')).view.authorities).toEqual([
    PEM('named').trim(),
  ])
})
