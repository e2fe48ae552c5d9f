import { describe, expect, it } from 'vitest'
import { checkedUp } from '../../../test/support/checkups.ts'
import { checkContainers, checkCrio } from './crio.ts'
import { checkDocker } from './docker.ts'
import { checkK3s } from './k3s.ts'
import { checkKubelet } from './kubelet.ts'
import { checkSettingsFile } from './settings-file.ts'
import { unitCommands } from './systemd-units.ts'

const DAEMON = '/etc/docker/daemon.json'
const UNIT = '/usr/lib/systemd/system/docker.service'

describe('dockerd', () => {
  const check = (texts: Record<string, string>) => checkedUp((checkup) => checkDocker(checkup), texts)
  const mirrors = (...urls: string[]) => `{\n  "registry-mirrors": ${JSON.stringify(urls)}\n}\n`

  it('has mirrors of Docker Hub, which is asked last', () => {
    expect(check({ [DAEMON]: mirrors('https://a.example', 'http://b.example:5000/') })).toMatchObject({
      faults: [],
      mirrors: [
        'docker.io -> https://a.example/v2 used, then http://b.example:5000/v2',
        'docker.io -> http://b.example:5000/v2 used, then docker.io',
      ],
    })
    expect(check({}).faults).toEqual([])
  })

  it.each([
    ['a path', mirrors('https://a.example/v2'), 2],
    ['no scheme', mirrors('a.example'), 2],
    ['a text', '{\n "registry-mirrors": "https://a.example"\n}', 2],
    ['no JSON', '{\n  "registry-mirrors": ["https://a.example"],\n}\n', 3],
    ['nothing in it', '', 1],
  ])('does not start with %s', (_, text, line) => {
    expect(check({ [DAEMON]: text }).faults).toEqual([`${DAEMON}:${line} daemon-refused broken`])
  })

  it('does not start with mirrors in two places', () => {
    const unit =
      '[Service]\nType=notify\nExecStart=/usr/bin/dockerd \\\n  --registry-mirror=https://b.example\n'
    expect(check({ [DAEMON]: mirrors('https://a.example'), [UNIT]: unit }).faults).toEqual([
      `${UNIT}:3 daemon-refused broken`,
    ])
    expect(check({ [UNIT]: unit }).mirrors).toEqual([
      'docker.io -> https://b.example/v2 used, then docker.io',
    ])
  })
})

describe('units of systemd', () => {
  const wordsOf = (texts: Record<string, string>) => {
    let words: string[] = []
    const { faults } = checkedUp((checkup) => {
      words = unitCommands(checkup, 'docker.service').map((command) => command.words.join(' '))
    }, texts)
    return { words, faults }
  }
  const unit = '[Service]\nExecStart=/usr/bin/dockerd -H "fd://"\n'
  const dropIn = '/etc/systemd/system/docker.service.d'

  it('are changed by drop-ins', () => {
    expect(
      wordsOf({ [UNIT]: unit, [`${dropIn}/a.conf`]: '[Service]\nExecStart=\nExecStart=/usr/bin/dockerd\n' }),
    ).toEqual({
      words: ['/usr/bin/dockerd'],
      faults: [],
    })
  })

  it('have one command, unless they are oneshot', () => {
    const second = {
      [UNIT]: unit,
      [`${dropIn}/a.conf`]: '[Service]\n# ExecStart=\nExecStart=/usr/bin/dockerd\n',
    }
    expect(wordsOf(second).faults).toEqual([`${dropIn}/a.conf:3 second-exec-start broken`])
    expect(wordsOf({ ...second, [UNIT]: `${unit}Type=oneshot\n` }).faults).toEqual([])
  })

  it('do not read drop-ins of other names', () => {
    expect(wordsOf({ [UNIT]: unit, [`${dropIn}/a.config`]: '[Service]\nExecStart=\n' })).toEqual({
      words: ['/usr/bin/dockerd -H fd://'],
      faults: [`${dropIn}/a.config:1 drop-in-name unused`],
    })
  })

  it('of /etc take the place of those of packages', () => {
    const own = '[Service]\nExecStart=/opt/dockerd\n'
    expect(wordsOf({ [UNIT]: unit, '/etc/systemd/system/docker.service': own }).words).toEqual([
      '/opt/dockerd',
    ])
  })
})

describe('policy.json', () => {
  const check = (policy: unknown) =>
    checkedUp((checkup) => checkContainers(checkup), {
      '/etc/containers/registries.conf':
        '[[registry]]\nlocation = "registry.k8s.io"\n[[registry.mirror]]\nlocation = "m.example"\n',
      '/etc/containers/policy.json': typeof policy === 'string' ? policy : JSON.stringify(policy, null, 1),
    })
  const accept = [{ type: 'insecureAcceptAnything' }]
  const reject = [{ type: 'reject' }]

  it.each([
    ['accepts all', { default: accept }, []],
    ['accepts the registry', { default: reject, transports: { docker: { 'registry.k8s.io': accept } } }, []],
    ['accepts its subdomains', { default: reject, transports: { docker: { '*.k8s.io': accept } } }, []],
    ['rejects all', { default: reject }, ['/etc/containers/policy.json:2 policy-rejects broken']],
    [
      'accepts the mirror alone',
      { default: reject, transports: { docker: { 'm.example': accept } } },
      ['/etc/containers/policy.json:2 policy-rejects broken'],
    ],
    [
      'rejects the registry',
      { default: accept, transports: { docker: { 'registry.k8s.io': reject } } },
      ['/etc/containers/policy.json:9 policy-rejects broken'],
    ],
    [
      'rejects all registries',
      { default: accept, transports: { docker: { '': reject } } },
      ['/etc/containers/policy.json:9 policy-rejects broken'],
    ],
    ['is no JSON', '{\n', ['/etc/containers/policy.json:2 policy-refused broken']],
  ])('%s', (_, policy, faults) => {
    expect(check(policy).faults).toEqual(faults)
  })
})

describe("CRI-O's own files", () => {
  it('hold no registries, and are TOML', () => {
    const { faults } = checkedUp((checkup) => checkCrio(checkup), {
      '/etc/crio/crio.conf': '[crio.image]\npause_image = "a"\nregistries = ["docker.io"]\n',
      '/etc/crio/crio.conf.d/a.conf': '[crio.image\n',
    })
    expect(faults).toEqual([
      '/etc/crio/crio.conf:3 crio-key unused',
      '/etc/crio/crio.conf.d/a.conf:1 not-toml broken',
    ])
  })
})

describe('registries.yaml of k3s', () => {
  const FILE = '/etc/rancher/k3s/registries.yaml'
  const check = (text: string, more: Record<string, string> = {}, noFallback = false) =>
    checkedUp((checkup) => checkK3s(checkup, 'k3s'), { [FILE]: text, ...more }, { noFallback })
  const mirror = (endpoint: string, more = '', name = 'registry.k8s.io') =>
    `mirrors:\n  "${name}":\n    endpoint:\n      - "${endpoint}"\n${more}`
  const rewrite = '    rewrite:\n      "^(.*)$": "k8s/$1"\n'

  it.each([
    ['a host', mirror('https://m.example'), [], 'https://m.example/v2 used'],
    ['no scheme', mirror('m.example:5000'), [], 'https://m.example:5000/v2 used'],
    ['/v2', mirror('https://m.example/v2'), [], 'https://m.example/v2 used'],
    ['a path below /v2', mirror('https://m.example/v2/k8s'), [], 'https://m.example/v2/k8s used'],
    ['a path', mirror('https://m.example/k8s'), ['4 no-v2 unused'], 'https://m.example/k8s unused'],
    ['a rewrite', mirror('https://m.example', rewrite), [], 'https://m.example/v2 used'],
    [
      'a rewrite of a path',
      mirror('https://m.example/v2/k8s', rewrite),
      ['4 doubled-path unused'],
      'https://m.example/v2/k8s unused',
    ],
    [
      'a pattern that is none',
      mirror('https://m.example', '    rewrite:\n      "^(.*": "k8s/$1"\n'),
      ['6 rewrite-pattern unused'],
      'https://m.example/v2 used',
    ],
    [
      'an unknown key',
      mirror('https://m.example', '    endpoints: []\n'),
      ['5 registries-key unused'],
      'https://m.example/v2 used',
    ],
    [
      'a name with a scheme',
      mirror('https://m.example', '', 'https://registry.k8s.io'),
      ['2 mirror-name unused'],
      'https://m.example/v2 unused',
    ],
  ])('have %s', (_, text, faults, asks) => {
    const found = check(text)
    expect(found.faults).toEqual(faults.map((fault) => `${FILE}:${fault}`))
    expect(found.mirrors[0]).toContain(` -> ${asks}, then `)
  })

  it.each([
    ['by its config', { '/etc/rancher/k3s/config.yaml': 'disable-default-registry-endpoint: true\n' }],
    [
      'by a drop-in of it',
      { '/etc/rancher/k3s/config.yaml.d/a.yaml': 'disable-default-registry-endpoint: true\n' },
    ],
    [
      'by a flag',
      {
        '/etc/systemd/system/k3s.service':
          '[Service]\nExecStart=/usr/local/bin/k3s server --disable-default-registry-endpoint\n',
      },
    ],
  ])('fall back unless that is off: %s', (_, more) => {
    expect(check(mirror('https://m.example'), more, true)).toMatchObject({
      faults: [],
      mirrors: ['registry.k8s.io -> https://m.example/v2 used, then null'],
    })
    expect(check(mirror('https://m.example'), {}, true).faults).toEqual([`${FILE}:4 fallback partial`])
  })

  it('are YAML, in a file of this name', () => {
    expect(check('mirrors:\n\t- a\n').faults).toEqual([`${FILE}:2 not-yaml broken`])
    expect(check('', { '/etc/rancher/k3s/registry.yaml': '' }).faults).toEqual([
      '/etc/rancher/k3s/registry.yaml:1 registries-file-name unused',
    ])
  })
})

describe('the kubelet', () => {
  const FLAGS = '/var/lib/kubelet/kubeadm-flags.env'
  it.each([
    ['1.34.2', []],
    ['1.35.0', [`${FLAGS}:1 kubelet-flag broken`]],
    [undefined, []],
  ])('%s and the flag of the pause image', (version, faults) => {
    const texts = {
      [FLAGS]: 'KUBELET_KUBEADM_ARGS="--pod-infra-container-image=registry.k8s.io/pause:3.9"\n',
    }
    expect(checkedUp((checkup) => checkKubelet(checkup), texts, { version }).faults).toEqual(faults)
  })
})

describe('a file that is named', () => {
  const check = (text: string, name = '/x/a.yaml', version?: string) =>
    checkedUp((checkup) => void checkSettingsFile(checkup, name), { [name]: text }, { version })
  const kubeadm = (more: string, version = 'v1.24.3') =>
    `apiVersion: kubeadm.k8s.io/v1beta3\nkind: ClusterConfiguration\nkubernetesVersion: ${version}\n${more}`

  it.each([
    [
      'CoreDNS where the other default is',
      kubeadm('imageRepository: registry.k8s.io\n'),
      ['4 coredns-path broken'],
    ],
    ['the default of its version', kubeadm('imageRepository: registry.k8s.io\n', 'v1.24.9'), []],
    [
      'CoreDNS where it says',
      kubeadm('imageRepository: registry.k8s.io\ndns: { imageRepository: registry.k8s.io/coredns }\n'),
      [],
    ],
    [
      'CoreDNS one level too deep',
      kubeadm('dns:\n  imageRepository: m.example/coredns/coredns\n'),
      ['5 coredns-path broken'],
    ],
    ['a tag without v', kubeadm('dns:\n  imageTag: 1.8.6\n'), ['5 coredns-tag broken']],
    [
      'a tag with v, before 1.21',
      kubeadm('dns:\n  imageTag: v1.7.0\n', 'v1.20.2').replace('v1beta3', 'v1beta2'),
      ['5 coredns-tag broken'],
    ],
    ['a scheme', kubeadm('imageRepository: https://m.example/k8s\n'), ['4 image-repository broken']],
    [
      'a config of a later version',
      kubeadm('').replace('v1beta3', 'v1beta4'),
      ['1 kubeadm-api-version broken'],
    ],
    [
      'no version',
      'apiVersion: kubeadm.k8s.io/v1beta3\nkind: ClusterConfiguration\nimageRepository: registry.k8s.io\n',
      [],
    ],
  ])('is a config of kubeadm with %s', (_, text, faults) => {
    expect(check(text).faults).toEqual(faults.map((fault) => `/x/a.yaml:${fault}`))
  })

  const talos = (endpoint: string, more = '') =>
    `machine:\n  registries:\n    mirrors:\n      registry.k8s.io:\n        endpoints:\n          - ${endpoint}\n${more}`
  const document = (endpoint: string) =>
    `apiVersion: v1alpha1\nkind: RegistryMirrorConfig\nname: registry.k8s.io\nendpoints:\n  - url: ${endpoint}\nskipFallback: true\n`

  it.each([
    ['a host', talos('https://m.example'), [], 'https://m.example/v2 used, then registry.k8s.io'],
    [
      'a path below /v2',
      talos('https://m.example/v2/k8s'),
      ['6 doubled-v2 unused'],
      'https://m.example/v2/k8s/v2 unused, then registry.k8s.io',
    ],
    [
      'a path that stays',
      talos('https://m.example/v2/k8s', '        overridePath: true\n        skipFallback: true\n'),
      [],
      'https://m.example/v2/k8s used, then null',
    ],
    [
      'a path that stays without /v2',
      talos('https://m.example/k8s', '        overridePath: true\n'),
      ['6 no-v2 unused'],
      'https://m.example/k8s unused, then registry.k8s.io',
    ],
    ['a document of its own', document('https://m.example'), [], 'https://m.example/v2 used, then null'],
    [
      'a document with a path',
      `${document('https://m.example/v2/k8s')}`,
      ['5 doubled-v2 unused'],
      'https://m.example/v2/k8s/v2 unused, then null',
    ],
  ])('is of Talos with %s', (_, text, faults, mirror) => {
    const found = check(text)
    expect(found.faults).toEqual(faults.map((fault) => `/x/a.yaml:${fault}`))
    expect(found.mirrors).toEqual([`registry.k8s.io -> ${mirror}`])
  })

  const kops = (endpoint: string, more = '') =>
    `apiVersion: kops.k8s.io/v1alpha2\nkind: Cluster\nspec:\n  containerd:\n    registryMirrors:\n      registry.k8s.io:\n        - ${endpoint}\n${more}`

  it.each([
    ['a host', kops('https://m.example'), [], 'used'],
    ['a path without /v2', kops('https://m.example/k8s'), ['7 no-v2 unused'], 'unused'],
    ['no scheme', kops('m.example'), ['7 mirror-endpoint broken'], 'unused'],
    [
      'a config of its own',
      kops('https://m.example', '    configOverride: x\n'),
      ['5 config-override unused'],
      'used',
    ],
  ])('is of kOps with %s', (_, text, faults, state) => {
    const found = check(text)
    expect(found.faults).toEqual(faults.map((fault) => `/x/a.yaml:${fault}`))
    expect(found.mirrors[0]).toContain(` ${state}, then registry.k8s.io`)
  })

  const set = (kind: string, key: string, mirror = 'm.example/k8s', more = '') =>
    `apiVersion: config.openshift.io/v1\nkind: ${kind}\nspec:\n  ${key}:\n    - source: registry.k8s.io\n      mirrors: [${mirror}]\n${more}`
  const tags = set('ImageTagMirrorSet', 'imageTagMirrors')
  const digests = set('ImageDigestMirrorSet', 'imageDigestMirrors')

  it('is of OpenShift, which has one kind for tags and one for digests', () => {
    expect(check(`${tags}---\n${digests}`)).toMatchObject({
      faults: [],
      mirrors: [expect.stringContaining('used, then registry.k8s.io'), expect.stringContaining('used,')],
    })
    expect(check(digests).faults).toEqual(['/x/a.yaml:5 mirror-use partial'])
    const never = set(
      'ImageTagMirrorSet',
      'imageTagMirrors',
      'https://m.example',
      '      mirrorSourcePolicy: NeverContactSource\n',
    )
    expect(check(never)).toMatchObject({
      faults: ['/x/a.yaml:5 mirror-location broken', '/x/a.yaml:5 mirror-use partial'],
      mirrors: ['registry.k8s.io -> https://m.example unused, then null'],
    })
  })

  it.each([
    ['/x/registry.k8s.io/hosts.toml', '[host."https://m.example/v2/k8s"]\n', '1 doubled-v2 unused'],
    [
      '/x/config.toml',
      '[plugins."io.containerd.grpc.v1.cri"]\nsandbox_image = "a"\n',
      '1 plugin-name unused',
    ],
    [
      '/x/my-registries.conf',
      '[[registry]]\nlocation = "https://a.example"\n',
      '2 registries-refused broken',
    ],
    ['/x/daemon.json', '{"registry-mirrors": ["a.example"]}', '1 daemon-refused broken'],
    [
      '/x/registries.yaml',
      'mirrors:\n  a.example:\n    endpoint: ["https://m.example/k8s"]\n',
      '3 no-v2 unused',
    ],
    ['/x/policy.json', '{', '1 policy-refused broken'],
  ])('is told by its name and what is in it: %s', (name, text, fault) => {
    expect(check(text, name).faults).toEqual([`${name}:${fault}`])
  })

  it.each([
    ['/x/a.yaml', 'image: a\n'],
    ['/x/a.txt', ''],
    ['/x/a.yaml', ''],
    ['/x/a.json', '[]'],
  ])('may be none of these: %s', (name, text) => {
    let told: string | undefined = 'told'
    checkedUp(
      (checkup) => {
        told = checkSettingsFile(checkup, name)
      },
      { [name]: text },
    )
    expect(told).toBeUndefined()
  })
})
