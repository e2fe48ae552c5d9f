import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse as parseVersion } from 'semver'
import { parse as parseToml } from 'smol-toml'
import { describe, expect, it } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import type { NodeMirror } from '../../../src/migrate/mirror-config/node-mirror.ts'
import { MIRROR_TOOLS, type MirrorTool } from '../../../src/migrate/mirror-config/tools.ts'
import { checkNamedFiles, checkNode } from '../../../src/migrate/node-check/check-node.ts'
import { checkMirrorUse } from '../../../src/migrate/node-check/mirror-use.ts'
import { runHosted } from '../../support/command-host.ts'
import { memoryFiles } from '../../support/node-files.ts'
import { makeTempFolder } from '../../support/temp.ts'

const PEM = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n'
const PLAIN: NodeMirror = {
  scheme: 'http',
  authority: 'mirror.example:5000',
  registries: [
    { host: 'registry.k8s.io', path: 'registry.k8s.io', names: [] },
    { host: 'docker.io', path: 'hub', names: ['docker.mirror.example'] },
    { host: 'registry.test:5000', path: 'test', names: [] },
  ],
  asksForPassword: false,
  asksForCertificate: false,
}
const SECURE: NodeMirror = {
  ...PLAIN,
  scheme: 'https',
  authority: 'mirror.example',
  authorityCertificate: PEM,
}
const CLOSED: NodeMirror = { ...SECURE, asksForPassword: true, asksForCertificate: true }

interface Asked {
  readonly version?: string
  readonly noFallback?: boolean
}

function settingsOf(tool: MirrorTool, mirror: NodeMirror, { version, noFallback }: Asked = {}) {
  const config = MIRROR_TOOLS[tool]({
    mirror,
    ...(noFallback !== undefined && { noFallback }),
    ...(version !== undefined && { version: parseVersion(version)! }),
  })
  return {
    ...config,
    files: Object.fromEntries(config.settings.map(({ file, content }) => [file, content])),
  }
}

/** What the cluster of kOps has, among which the settings are put. */
const KOPS_HEAD = 'apiVersion: kops.k8s.io/v1alpha2\nkind: Cluster\n'

/** What else a machine has, which no settings can print. */
const OWN_FILES = Object.fromEntries(
  ['/etc/containerd/mirror/client.crt', '/etc/containerd/mirror/client.key'].map((file) => [file, 'x']),
)

describe('what node-config prints for a mirror is used for each of its registries, as node-config --check sees it', () => {
  it.each<[MirrorTool, string, NodeMirror, Asked]>([
    ['containerd', 'of 1.6, by plain HTTP', PLAIN, { version: '1.6.20' }],
    ['containerd', 'by plain HTTP', PLAIN, { version: '2.2.0' }],
    ['containerd', 'with an authority of its own', SECURE, { version: '1.6.20' }],
    [
      'containerd',
      'with an authority of its own, and nobody else',
      SECURE,
      { version: '2.2.0', noFallback: true },
    ],
    ['containerd', 'that lets not everybody in', CLOSED, { version: '2.2.0' }],
    ['crio', 'by plain HTTP', PLAIN, {}],
    ['crio', 'that lets not everybody in, and nobody else', CLOSED, { noFallback: true }],
    ['docker', 'by plain HTTP', PLAIN, {}],
    ['docker', 'with an authority of its own', SECURE, {}],
    ['k3s', 'by plain HTTP', PLAIN, {}],
    ['k3s', 'that lets not everybody in, and nobody else', CLOSED, { noFallback: true }],
  ])('%s %s', (tool, _, mirror, asked) => {
    const { files } = settingsOf(tool, mirror, asked)
    const version = asked.version === undefined ? undefined : parseVersion(asked.version)!
    const check = checkNode(memoryFiles({ ...OWN_FILES, ...files }), {
      version,
      noFallback: asked.noFallback ?? false,
    })
    expect(check.findings).toEqual([])
    expect(checkMirrorUse(check, mirror)).toEqual([])
    const expected = tool === 'docker' ? ['docker.io'] : mirror.registries.map(({ host }) => host)
    expect(
      check.mirrors
        .filter(({ state }) => state === 'used')
        .map(({ registry }) => registry)
        .sort(),
    ).toEqual(expected.toSorted())
  })

  it.each<[MirrorTool, NodeMirror, Asked]>([
    ['talos', PLAIN, { version: '1.11.0' }],
    ['talos', CLOSED, { version: '1.12.0', noFallback: true }],
    ['kops', SECURE, {}],
    ['openshift', SECURE, {}],
  ])('%s, in a file that is named', (tool, mirror, asked) => {
    const { settings } = settingsOf(tool, mirror, asked)
    const [{ file, content }] = settings as [(typeof settings)[0]]
    const check = checkNamedFiles(
      memoryFiles({ [`/${file}`]: `${tool === 'kops' ? KOPS_HEAD : ''}${content}` }),
      [`/${file}`],
      {
        noFallback: asked.noFallback ?? false,
      },
    )
    expect({ findings: check.findings, unknown: check.unknown }).toEqual({ findings: [], unknown: [] })
    expect(check.mirrors.every(({ state }) => state === 'used')).toBe(true)
    expect(new Set(check.mirrors.map(({ registry }) => registry))).toEqual(
      new Set(mirror.registries.map(({ host }) => host)),
    )
  })
})

describe('node-config for a mirror', () => {
  it('names it to containerd without a path, with what it takes to be let in', () => {
    const { files } = settingsOf('containerd', CLOSED, { version: '2.1.0', noFallback: true })
    const access = {
      capabilities: ['pull', 'resolve'],
      ca: '/etc/containerd/mirror/ca.crt',
      client: [['/etc/containerd/mirror/client.crt', '/etc/containerd/mirror/client.key']],
      header: { authorization: 'Basic BASE64' },
    }
    expect(parseToml(files['/etc/containerd/certs.d/registry.test_5000_/hosts.toml']!)).toEqual({
      server: 'https://mirror.example',
      ...access,
      host: { 'https://mirror.example': access },
    })
    expect(files['/etc/containerd/mirror/ca.crt']).toBe(PEM)
  })

  it('warns of two folders in config_path where containerd would read neither', () => {
    const warns = (version?: string) =>
      settingsOf('containerd', PLAIN, version === undefined ? {} : { version }).notes.some((note) =>
        note.includes('config_path has to be one folder'),
      )
    expect([warns(), warns('1.7.2'), warns('2.0.5'), warns('2.1.0'), warns('2.4.0')]).toEqual([
      true,
      false,
      false,
      true,
      true,
    ])
  })

  it.each<[string, NodeMirror, Asked, RegExp]>([
    [
      'no host name stands for docker.io',
      { ...PLAIN, registries: PLAIN.registries.map((one) => ({ ...one, names: [] })) },
      {},
      /needs a host name of the mirror that stands for docker\.io/,
    ],
    [
      'docker.io is not there',
      { ...PLAIN, registries: PLAIN.registries.slice(0, 1) },
      {},
      /has no registry docker\.io/,
    ],
    [
      'it asks for a password',
      { ...PLAIN, asksForPassword: true },
      {},
      /dockerd gives no password to a mirror/,
    ],
    ['Docker Hub may not be asked', PLAIN, { noFallback: true }, /always asks Docker Hub too/],
  ])('sets nothing for dockerd where %s, and says so', (_, mirror, asked, reason) => {
    const { settings, notes } = settingsOf('docker', mirror, asked)
    expect(settings).toEqual([])
    expect(notes[0]).toMatch(reason)
  })

  it('needs no other name for dockerd where the mirror is of docker.io alone', () => {
    const hub = { ...PLAIN, registries: [{ host: 'docker.io', path: 'docker.io', names: [] }] }
    expect(settingsOf('docker', hub).files['/etc/docker/daemon.json']).toContain(
      '"http://mirror.example:5000"',
    )
  })

  it('mounts the folder of hosts.toml files into nodes of kind, and has an old one read it', () => {
    const { files } = settingsOf('kind', SECURE, { version: '0.26.0' })
    expect(parse(files['kind.yaml']!)).toMatchObject({
      nodes: [{ extraMounts: [{ hostPath: './certs.d', containerPath: '/etc/containerd/certs.d' }] }],
      containerdConfigPatches: [expect.stringContaining('config_path')],
    })
    const hosts = parseToml(files['./certs.d/docker.io/hosts.toml']!)
    expect(hosts).toMatchObject({
      host: { 'https://mirror.example': { ca: '/etc/containerd/certs.d/mirror-ca.crt' } },
    })
    expect(files['./certs.d/mirror-ca.crt']).toBe(PEM)
    expect(settingsOf('kind', SECURE, { version: '0.27.0' }).files['kind.yaml']).not.toContain(
      'containerdConfigPatches',
    )
  })

  it('writes certificates and passwords for Talos as each form has them', () => {
    const { machine } = parse(settingsOf('talos', CLOSED, { version: '1.11.0' }).files['mirror.yaml']!)
    const { tls, auth } = machine.registries.config['mirror.example']
    expect(Buffer.from(tls.ca, 'base64').toString()).toBe(PEM)
    expect(auth).toEqual({ username: 'USER', password: 'PASSWORD' })
    const documents = parseAllDocuments(
      settingsOf('talos', CLOSED, { version: '1.12.0' }).files['mirror.yaml']!,
    )
    expect(documents.map((document) => document.get('kind'))).toEqual([
      ...PLAIN.registries.map(() => 'RegistryMirrorConfig'),
      ...['RegistryTLSConfig', 'RegistryAuthConfig'],
    ])
    expect(documents.at(-2)!.get('ca')).toBe(PEM)
  })

  it('sets nothing for a registry that no path and no name stands for, and says so', () => {
    const [first, ...rest] = PLAIN.registries
    const mirror = { ...PLAIN, registries: [first!, { host: 'registry.test:5000', names: [] }] }
    const { files, notes } = settingsOf('crio', mirror)
    expect(Object.values(files).join('')).not.toContain('registry.test')
    expect(notes.join('\n')).toContain('nothing is set for registry.test:5000: registries[].path')
    const named = { ...PLAIN, registries: [...rest, { host: 'quay.io', names: ['quay.mirror.example'] }] }
    expect(Object.values(settingsOf('crio', named).files).join('')).toContain('"quay.mirror.example:5000"')
  })

  it('says that loopback is another machine for each machine', () => {
    expect(settingsOf('crio', { ...PLAIN, authority: '127.0.0.1:5000' }).notes).toContain(
      '127.0.0.1 is each machine itself: give --mirror the name by which machines reach it',
    )
  })
})

describe('node-config --check with a mirror', () => {
  const checked = (texts: Record<string, string>, only?: string) =>
    checkMirrorUse(checkNode(memoryFiles(texts), {}, only), PLAIN, only).map(
      ({ tool, file, problem }) => `${tool} ${file}: ${problem}`,
    )

  it('finds a registry that is sent elsewhere, and one that is not sent at all', () => {
    const { files } = settingsOf('containerd', PLAIN, { version: '2.2.0' })
    delete files['/etc/containerd/certs.d/docker.io/hosts.toml']
    const other = '/etc/containerd/certs.d/registry.k8s.io/hosts.toml'
    files[other] = files[other]!.replace('mirror.example', 'old.example')
    expect(checked(files)).toEqual([
      `containerd ${other}: registry.k8s.io is not pulled through the mirror: http://old.example:5000/v2 is asked`,
      'containerd /etc/containerd/certs.d: docker.io is not pulled through the mirror',
    ])
  })

  it('takes _default for all of them', () => {
    const toml = '[host."http://mirror.example:5000"]\n'
    const config =
      'version = 2\n[plugins."io.containerd.grpc.v1.cri".registry]\nconfig_path = "/etc/containerd/certs.d"\n'
    expect(
      checked({ '/etc/containerd/config.toml': config, '/etc/containerd/certs.d/_default/hosts.toml': toml }),
    ).toEqual([])
  })

  it('finds all of them on a machine without settings, of the tool that is named', () => {
    expect(checked({}, 'crio')).toHaveLength(PLAIN.registries.length)
  })

  it('is a command that ends with 1', async () => {
    await using folder = await makeTempFolder()
    const file = join(folder.path, 'mirror.yaml')
    await writeFile(
      file,
      'version: 1\ndelivery: relay\ncache: off\nupstreams: [{ id: a, url: "https://a.example", at: dc/x }]\n',
    )
    const words = [
      'node-config',
      '--check',
      '--root',
      folder.path,
      '--config',
      file,
      '--mirror',
      'https://m.example',
    ]
    expect(await runHosted(words, { folder: folder.path })).toMatchObject({
      code: 1,
      out: expect.stringContaining('a.example is not pulled through the mirror'),
    })
  })
})
