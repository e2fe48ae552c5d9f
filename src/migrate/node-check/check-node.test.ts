import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { memoryFiles } from '../../../test/support/node-files.ts'
import { checkNamedFiles, checkNode } from './check-node.ts'

const CONTAINERD = `version = 2
imports = ["/etc/containerd/more.toml"]
[plugins."io.containerd.grpc.v1.cri".registry]
  config_path = "/etc/containerd/certs.d:/etc/docker/certs.d"
[plugins."io.containerd.grpc.v1.cri".registry.mirrors."docker.io"]
  endpoint = ["https://m.example/k8s"]
`
const FILES: Readonly<Record<string, string>> = {
  '/etc/containerd/config.toml': CONTAINERD,
  '/etc/containerd/certs.d/a.example/hosts.toml':
    'server = "https://a.example"\n[host."https://m.example/v2/k8s"]\n  capabilities = ["pull"]\n  ca = "x"\n',
  '/etc/containers/registries.conf':
    '[[registry]]\nlocation = "a.example"\nblocked = true\n[[registry.mirror]]\nlocation = "b.example/v2"\npull-from-mirror = "all"\n',
  '/etc/containers/policy.json':
    '{"default": [{"type": "reject"}], "transports": {"docker": {"a.example": [{"type": "reject"}]}}}',
  '/etc/docker/daemon.json': '{"registry-mirrors": ["https://a.example", "b"]}',
  '/etc/rancher/k3s/registries.yaml':
    'mirrors:\n  docker.io:\n    endpoint: ["https://m.example/k8s"]\n    rewrite: {"^(.*)$": "k8s/$1"}\n',
  '/etc/systemd/system/docker.service':
    '[Service]\nExecStart=/usr/bin/dockerd \\\n  "--registry-mirror=https://a.example"\n',
  '/etc/kubeadm.yaml':
    'apiVersion: kubeadm.k8s.io/v1beta3\nkind: ClusterConfiguration\nkubernetesVersion: v1.24.3\nimageRepository: registry.k8s.io\n',
  '/talos.yaml':
    'machine: &a\n  registries: { mirrors: { docker.io: { endpoints: [https://m.example/v2/k8s] } } }\n',
  '/kops.yaml':
    'apiVersion: kops.k8s.io/v1alpha2\nspec:\n  containerd:\n    registryMirrors: { docker.io: [m.example] }\n',
  '/openshift.yaml':
    'kind: ImageTagMirrorSet\nspec:\n  imageTagMirrors:\n    - source: a.example\n      mirrors: [https://b.example]\n',
}
const NAMED = ['/talos.yaml', '/kops.yaml', '/openshift.yaml', '/etc/kubeadm.yaml']

function findingsOf(texts: Readonly<Record<string, string>>) {
  const files = memoryFiles(texts)
  return [...checkNode(files, {}).findings, ...checkNamedFiles(files, NAMED, {}).findings]
}

describe('a look at all settings of a machine', () => {
  it('finds something of each tool', () => {
    const tools = new Set(findingsOf(FILES).map(({ tool }) => tool))
    const expected = ['containerd', 'crio', 'docker', 'k3s', 'kubeadm', 'talos', 'kops', 'openshift']
    expect([...tools].sort()).toEqual([...expected].sort())
  })

  it('looks at one tool where that is asked for', () => {
    expect(checkNode(memoryFiles(FILES), {}, 'docker').files).toEqual([
      { tool: 'docker', path: '/etc/systemd/system/docker.service' },
      { tool: 'docker', path: '/etc/docker/daemon.json' },
    ])
  })

  it('takes a config that the unit of containerd names', () => {
    const unit =
      '[Service]\nExecStart=/usr/bin/containerd -c /etc/containerd/config-kops.toml "$CONTAINERD_OPTS"\n'
    const { findings } = checkNode(
      memoryFiles({
        '/etc/systemd/system/containerd.service': unit,
        '/etc/containerd/config.toml': 'version =\n',
        '/etc/containerd/config-kops.toml': 'version = 2\nimports = ["/x.toml"]\n',
      }),
      {},
    )
    expect(findings.map(({ file, rule }) => `${file} ${rule}`)).toEqual([
      '/etc/containerd/config-kops.toml import-missing',
    ])
  })

  it.each([
    ['TOML', '/etc/containerd/config.toml', `a = ${'['.repeat(50_000)}`],
    ['YAML', '/talos.yaml', `machine: ${'['.repeat(50_000)}`],
    ['JSON', '/etc/docker/daemon.json', '['.repeat(50_000)],
    [
      'aliases',
      '/talos.yaml',
      `machine:\n  a: &a [x]\n${'bcdefghijk'
        .split('')
        .map((name, index) => `  ${name}: &${name} [${`*${'abcdefghijk'[index]},`.repeat(10)}]\n`)
        .join('')}`,
    ],
    [
      'names of what objects have',
      '/etc/kubeadm.yaml',
      'apiVersion: kubeadm.k8s.io/constructor\nkind: ClusterConfiguration\nkubernetesVersion: 1.30.0\n__proto__: 1\n',
    ],
  ])('bears hostile %s', (_, file, text) => {
    expect(() => findingsOf({ ...FILES, [file]: text })).not.toThrow()
  })

  it('bears any text, and names a line that the file has', () => {
    const change = fc.record({
      file: fc.constantFrom(...Object.keys(FILES)),
      at: fc.nat(400),
      cut: fc.nat(12),
      put: fc.oneof(
        fc.string({ maxLength: 8 }),
        fc.constantFrom('\n', '"', '[', '{', '*', '__proto__', 'null', '1', ': ', '= ', '\r\n', '\uFEFF'),
      ),
    })
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        const texts: Record<string, string> = { ...FILES }
        for (const { file, at, cut, put } of changes) {
          const text = texts[file]!
          texts[file] = text.slice(0, at) + put + text.slice(at + cut)
        }
        for (const { file, line } of findingsOf(texts)) {
          const text = texts[file]
          if (text !== undefined) expect(line).toBeLessThanOrEqual(text.split('\n').length)
          expect(line).toBeGreaterThan(0)
        }
      }),
      { numRuns: 500 },
    )
  })
})
