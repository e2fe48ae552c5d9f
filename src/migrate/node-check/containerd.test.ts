import { describe, expect, it } from 'vitest'
import { checkedUp } from '../../../test/support/checkups.ts'
import { checkContainerd } from './containerd.ts'

const CONFIG = '/etc/containerd/config.toml'
const HOSTS = '/etc/containerd/certs.d'
const FILE = `${HOSTS}/registry.k8s.io/hosts.toml`
const V2 = 'version = 2\n[plugins."io.containerd.grpc.v1.cri".registry]\n'
const GOOD = `server = "https://registry.k8s.io"\n[host."https://mirror.example"]\n  capabilities = ["pull", "resolve"]\n`
const PATH = `config_path = "${HOSTS}"\n`
const LIST = `config_path = "${HOSTS}:/etc/docker/certs.d"\n`

const check = (texts: Record<string, string>, version?: string, noFallback = false) =>
  checkedUp((checkup) => checkContainerd(checkup, { config: CONFIG, hosts: HOSTS }), texts, {
    version,
    noFallback,
  })

const USED = 'registry.k8s.io -> https://mirror.example/v2 used, then https://registry.k8s.io'
const UNUSED = USED.replace('used', 'unused')
const PARTLY = USED.replace('used', 'partly')

describe('config.toml of containerd', () => {
  it('is as it should be', () => {
    expect(check({ [CONFIG]: V2 + PATH, [FILE]: GOOD })).toMatchObject({ faults: [], mirrors: [USED] })
    expect(check({ [CONFIG]: 'version = 2\n' })).toMatchObject({ faults: [], mirrors: [] })
    expect(check({})).toMatchObject({ faults: [], mirrors: [] })
  })

  it.each([
    ['1.7.2', [], USED],
    ['2.0.5', [], USED],
    ['2.1.0', [`${CONFIG}:3 config-path-list unused`], UNUSED],
    ['2.4.2', [`${CONFIG}:3 config-path-list unused`], UNUSED],
    [undefined, [`${CONFIG}:3 config-path-list unused`], PARTLY],
  ])('names two folders, which pulls of %s', (version, faults, mirror) => {
    expect(check({ [CONFIG]: V2 + LIST, [FILE]: GOOD }, version)).toMatchObject({ faults, mirrors: [mirror] })
  })

  it('names two folders, which is right where something keeps it from the transfer service', () => {
    const local = (line: string) =>
      `version = 2\n[plugins."io.containerd.grpc.v1.cri"]\n${line}\n[plugins."io.containerd.grpc.v1.cri".registry]\n${LIST}`
    for (const line of ['use_local_image_pull = true', 'max_concurrent_downloads = 8']) {
      expect(check({ [CONFIG]: local(line), [FILE]: GOOD }, '2.2.0').faults).toEqual([])
    }
    expect(
      check({ [CONFIG]: local('max_concurrent_downloads = 3'), [FILE]: GOOD }, '2.2.0').faults,
    ).toHaveLength(1)
  })

  it.each([
    ['1.7.2', [`${FILE}:1 config-path-unset unused`]],
    ['2.2.0', [`${FILE}:1 config-path-unset unused`]],
  ])('sets no config_path for %s, though there are files', (version, faults) => {
    const { faults: found, mirrors } = check({ [CONFIG]: 'version = 2\n', [FILE]: GOOD }, version)
    expect(found).toEqual(faults)
    expect(mirrors).not.toContain(USED)
    expect(check({ [FILE]: GOOD }, version).faults).toEqual(faults)
  })

  it('sets no config_path for 2.2, which is right where pulls can tell folders apart', () => {
    const local = 'version = 2\n[plugins."io.containerd.grpc.v1.cri"]\nuse_local_image_pull = true\n'
    expect(check({ [CONFIG]: local, [FILE]: GOOD }, '2.2.0')).toMatchObject({ faults: [], mirrors: [USED] })
    expect(check({ [CONFIG]: local, [FILE]: GOOD }, '2.1.0').faults).toEqual([
      `${FILE}:1 config-path-unset unused`,
    ])
  })

  it('has mirrors of the older form instead, beside which files are not read', () => {
    const mirrors =
      'version = 2\n[plugins."io.containerd.grpc.v1.cri".registry.mirrors."docker.io"]\nendpoint = ["https://m.example"]\n'
    expect(check({ [CONFIG]: mirrors, [FILE]: GOOD }, '2.2.0').faults).toEqual([
      `${FILE}:1 config-path-unset unused`,
    ])
  })

  it('names another folder than the one with the files', () => {
    expect(check({ [CONFIG]: `${V2}config_path = "/etc/certs.d"\n`, [FILE]: GOOD }).faults).toEqual([
      `${CONFIG}:3 config-path-unset unused`,
    ])
  })

  it.each([
    [
      'beside each other',
      V2 +
        PATH +
        '[plugins."io.containerd.grpc.v1.cri".registry.mirrors."docker.io"]\nendpoint = ["https://m.example"]\n',
      `${CONFIG}:4`,
    ],
    ['in an imported file', `imports = ["x.toml"]\n${V2}${PATH}`, '/etc/containerd/x.toml:1'],
  ])('has mirrors and config_path %s, with which the CRI plugin does not start', (_, config, at) => {
    const mirrors =
      '[plugins."io.containerd.grpc.v1.cri".registry.mirrors."docker.io"]\nendpoint = ["https://m.example"]\n'
    const { faults, mirrors: found } = check(
      { [CONFIG]: config, '/etc/containerd/x.toml': mirrors, [FILE]: GOOD },
      '2.2.0',
    )
    expect(faults).toContain(`${at} mirrors-and-config-path broken`)
    expect(found.filter((one) => one.includes(' used,'))).toEqual([])
  })

  it.each([
    ['1.7.2', 'broken'],
    ['2.1.0', 'unused'],
  ])('has tls beside config_path: %s', (version, effect) => {
    const tls = '[plugins."io.containerd.grpc.v1.cri".registry.configs."m.example".tls]\nca_file = "/ca"\n'
    expect(check({ [CONFIG]: V2 + PATH + tls }, version).faults).toEqual([
      `${CONFIG}:4 tls-and-config-path ${effect}`,
    ])
  })

  it.each([
    ['no version', '[plugins."io.containerd.grpc.v1.cri".registry]\nconfig_path = "/x"\n', undefined, 1],
    ['version 3', 'version = 3\n[plugins."io.containerd.grpc.v1.cri"]\nsandbox_image = "a"\n', undefined, 2],
    [
      'names of version 3 in 1.x',
      `version = 2\n[plugins.'io.containerd.cri.v1.images'.registry]\nconfig_path = "/x"\n`,
      '1.7.2',
      2,
    ],
  ])('has a table that is not read: %s', (_, config, version, line) => {
    expect(check({ [CONFIG]: config }, version).faults).toEqual([`${CONFIG}:${line} plugin-name unused`])
  })

  it.each([
    [
      'names of version 3 in 2.x',
      `version = 2\n[plugins.'io.containerd.cri.v1.images'.registry]\nconfig_path = "${HOSTS}"\n`,
      '2.1.0',
    ],
    [
      'version 3',
      `version = 3\n[plugins.'io.containerd.cri.v1.images'.registry]\nconfig_path = "${HOSTS}"\n`,
      '2.1.0',
    ],
    [
      'a streaming server in version 3',
      'version = 3\n[plugins."io.containerd.grpc.v1.cri"]\nstream_server_port = "0"\n',
      '2.1.0',
    ],
    ['the name of version 1', `[plugins.cri.registry]\nconfig_path = "${HOSTS}"\n`, '1.6.2'],
  ])('has a table that is read: %s', (_, config, version) => {
    expect(check({ [CONFIG]: config }, version).faults).toEqual([])
  })

  it.each([
    ['1.6.20', [`${CONFIG}:3 table-replaced unused`]],
    [undefined, [`${CONFIG}:3 table-replaced unused`]],
    ['2.2.9', []],
  ])('loses what an import has the table of, in %s', (version, faults) => {
    const texts = {
      [CONFIG]: `imports = ["x.toml"]\n${V2}${PATH}`,
      '/etc/containerd/x.toml': 'version = 2\n[plugins."io.containerd.grpc.v1.cri"]\nsandbox_image = "a"\n',
    }
    expect(check(texts, version).faults).toEqual(faults)
  })

  it('cannot be read, or imports what cannot', () => {
    expect(check({ [CONFIG]: 'version = 2\n[a]\n[a]\n', [FILE]: GOOD }).faults[0]).toBe(
      `${CONFIG}:3 not-toml broken`,
    )
    expect(check({ [CONFIG]: '\nimports = ["/x.toml"]\n' }).faults).toEqual([
      `${CONFIG}:2 import-missing broken`,
    ])
    expect(check({ [CONFIG]: 'imports = ["x.toml"]\n', '/etc/containerd/x.toml': 'a =\n' }).faults).toEqual([
      '/etc/containerd/x.toml:1 not-toml broken',
    ])
  })

  it.each([
    [
      'a full name',
      'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n',
      { '/var/lib/kubelet/config.yaml': '' },
      'cri-disabled',
    ],
    [
      'the name of version 1',
      'disabled_plugins = ["cri"]\n',
      { '/etc/kubernetes/kubelet.conf': '' },
      'cri-disabled',
    ],
    ['a name that is none any more', 'version = 2\ndisabled_plugins = ["cri"]\n', {}, 'disabled-plugin-name'],
  ])('disables the CRI plugin by %s', (_, config, more, rule) => {
    expect(check({ [CONFIG]: config, ...more }).faults).toEqual([
      expect.stringMatching(new RegExp(`^${CONFIG}:\\d ${rule} broken$`)),
    ])
  })

  it('disables the CRI plugin where nobody needs it, as the packages of Docker do', () => {
    expect(check({ [CONFIG]: 'disabled_plugins = ["cri"]\n' }).faults).toEqual([])
  })
})

describe('hosts.toml of containerd', () => {
  const hosts = (texts: Record<string, string>, noFallback = false) =>
    check(
      {
        [CONFIG]: V2 + PATH,
        ...Object.fromEntries(Object.entries(texts).map(([path, text]) => [`${HOSTS}/${path}`, text])),
      },
      undefined,
      noFallback,
    )
  const named = (name: string) => hosts({ [`${name}/hosts.toml`]: GOOD })

  it.each([
    'registry.k8s.io',
    'docker.io',
    '_default',
    'localhost',
    'm.example:5000',
    'm.example_5000_',
    '10.0.0.1:80',
  ])('is in a folder of the right name: %s', (name) => {
    expect(named(name).faults).toEqual([])
  })

  it.each([
    'registry-1.docker.io',
    '*',
    'default',
    'm.example_5000',
    'https:__registry.k8s.io',
    'Registry.k8s.io',
    '*.k8s.io',
  ])('is in a folder of no registry: %s', (name) => {
    const { faults, mirrors } = named(name)
    expect(faults).toEqual([`${HOSTS}/${name}/hosts.toml:1 hosts-folder unused`])
    expect(mirrors[0]).toContain(' unused,')
  })

  it.each([
    ['the folder of all', 'hosts.toml', 'hosts-folder'],
    ['a folder for part of a registry', 'registry.k8s.io/pause/hosts.toml', 'hosts-folder'],
    ['another name', 'registry.k8s.io/host.toml', 'hosts-file-name'],
    ['another form', 'registry.k8s.io/hosts.yaml', 'hosts-file-name'],
  ])('is not read with %s', (_, path, rule) => {
    expect(hosts({ [path]: GOOD }).faults).toEqual([`${HOSTS}/${path}:1 ${rule} unused`])
  })

  it('is read from one of two folders for a port', () => {
    expect(hosts({ 'm.example:5000/hosts.toml': GOOD, 'm.example_5000_/hosts.toml': GOOD }).faults).toEqual([
      `${HOSTS}/m.example:5000/hosts.toml:1 hosts-folder unused`,
    ])
  })

  it('may hold certificates alone', () => {
    expect(hosts({ 'm.example/ca.crt': '' }).faults).toEqual([])
  })

  it.each<[string, string, string[], string]>([
    ['no path', '[host."https://m.example"]', [], 'https://m.example/v2 used'],
    ['/v2', '[host."https://m.example/v2"]', [], 'https://m.example/v2 used'],
    ['/v2/', '[host."https://m.example/v2/"]', [], 'https://m.example/v2 used'],
    ['a path', '[host."https://m.example/k8s"]', [], 'https://m.example/k8s/v2 used'],
    [
      'a path below /v2',
      '[host."https://m.example/v2/k8s"]',
      ['1 doubled-v2 unused'],
      'https://m.example/v2/k8s/v2 unused',
    ],
    [
      'a path below /v2 that is overridden',
      '[host."https://m.example/v2/k8s"]\noverride_path = true',
      [],
      'https://m.example/v2/k8s used',
    ],
    [
      '/v2 twice',
      '[host."https://m.example/v2/v2"]\noverride_path = true',
      ['1 doubled-v2 unused'],
      'https://m.example/v2/v2 unused',
    ],
    [
      'an overridden path without /v2',
      '[host."https://m.example/k8s"]\noverride_path = true',
      ['1 no-v2 partial'],
      'https://m.example/k8s partly',
    ],
    ['no scheme', '[host."m.example"]', [], 'https://m.example/v2 used'],
    [
      'digests only',
      '[host."https://m.example"]\ncapabilities = ["pull"]',
      ['2 capabilities partial'],
      'https://m.example/v2 partly',
    ],
    [
      'no pulls',
      '[host."https://m.example"]\ncapabilities = ["resolve"]',
      ['2 capabilities unused'],
      'https://m.example/v2 unused',
    ],
    [
      'an unknown capability',
      '[host."https://m.example"]\ncapabilities = ["pull", "read"]',
      ['2 hosts-dropped unused', '2 capabilities partial'],
      'https://m.example/v2 unused',
    ],
    [
      'a value of another kind',
      '[host."https://m.example"]\nskip_verify = "true"',
      ['2 hosts-dropped unused'],
      'https://m.example/v2 unused',
    ],
    [
      'an unknown key',
      '[host."https://m.example"]\noverride-path = true',
      ['2 hosts-key unused'],
      'https://m.example/v2 used',
    ],
    [
      'a certificate that is missing',
      '[host."https://m.example"]\nca = "ca.crt"',
      ['2 certificate-missing broken'],
      'https://m.example/v2 used',
    ],
  ])('has a host with %s', (_, text, faults, mirror) => {
    const found = hosts({ 'registry.k8s.io/hosts.toml': text })
    expect(found.faults).toEqual(faults.map((fault) => `${FILE}:${fault}`))
    expect(found.mirrors).toEqual([`registry.k8s.io -> ${mirror}, then registry.k8s.io`])
  })

  it('that is no TOML is dropped, and the registry itself asked', () => {
    expect(hosts({ 'registry.k8s.io/hosts.toml': '[host.https://m.example]\n' })).toMatchObject({
      faults: [`${FILE}:1 hosts-dropped unused`],
      mirrors: [],
    })
  })

  it.each([
    [undefined, 'unused', 'partly'],
    ['1.7.27', 'unused', 'unused'],
    ['2.1.0', undefined, 'used'],
  ])('has a server and no host, which containerd %s reads or not', (version, effect, state) => {
    const texts = { [CONFIG]: V2 + PATH, [FILE]: 'server = "https://m.example"\n' }
    expect(check(texts, version)).toMatchObject({
      faults: effect === undefined ? [] : [`${FILE}:1 hosts-without-host ${effect}`],
      mirrors: [`registry.k8s.io -> https://m.example/v2 ${state}, then null`],
    })
  })

  it.each([
    ['the registry itself last', GOOD, [USED], [`${FILE}:2 fallback partial`]],
    [
      'no server',
      '[host."https://a.example"]\n[host."https://b.example"]\n',
      [
        'registry.k8s.io -> https://a.example/v2 used, then https://b.example/v2',
        'registry.k8s.io -> https://b.example/v2 used, then registry.k8s.io',
      ],
      [`${FILE}:2 fallback partial`],
    ],
    [
      'a mirror as the server',
      'server = "https://m.example"\n[host."https://m.example"]\n',
      ['registry.k8s.io -> https://m.example/v2 used, then null'],
      [],
    ],
  ])('has %s', (_, text, mirrors, faults) => {
    expect(hosts({ 'registry.k8s.io/hosts.toml': text })).toMatchObject({ mirrors, faults: [] })
    expect(hosts({ 'registry.k8s.io/hosts.toml': text }, true).faults).toEqual(faults)
  })
})

describe('registry.mirrors of containerd', () => {
  const table = (name: string, endpoint: string) =>
    `version = 2\n[plugins."io.containerd.grpc.v1.cri".registry.mirrors."${name}"]\nendpoint = ["${endpoint}"]\n`

  it.each([
    [
      'a host',
      table('registry.k8s.io', 'https://m.example'),
      [],
      'registry.k8s.io -> https://m.example/v2 used',
    ],
    ['a path with /v2', table('*', 'https://m.example/v2/k8s'), [], '* -> https://m.example/v2/k8s used'],
    [
      'a path without /v2',
      table('docker.io', 'https://m.example/k8s'),
      ['3 no-v2 unused'],
      'docker.io -> https://m.example/k8s unused',
    ],
    [
      'no scheme',
      table('docker.io', 'm.example:5000'),
      ['3 mirror-endpoint broken'],
      'docker.io -> m.example:5000 unused',
    ],
    [
      'a name with a scheme',
      table('https://docker.io', 'https://m.example'),
      ['3 mirror-name unused'],
      'https://docker.io -> https://m.example/v2 unused',
    ],
    [
      'a name with a path',
      table('docker.io/library', 'https://m.example'),
      ['3 mirror-name unused'],
      'docker.io/library -> https://m.example/v2 unused',
    ],
  ])('have %s', (_, config, faults, mirror) => {
    const found = check({ [CONFIG]: config })
    expect(found.faults).toEqual(faults.map((fault) => `${CONFIG}:${fault}`))
    expect(found.mirrors[0]).toMatch(new RegExp(`^${mirror.replace(/[.*+?/]/g, '\\$&')}, then `))
  })
})
