import { describe, expect, it } from 'vitest'
import { checkedUp } from '../../../test/support/checkups.ts'
import { checkSettingsFile } from './settings-file.ts'

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
