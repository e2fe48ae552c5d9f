import { parse as parseVersion } from 'semver'
import { parse as parseToml } from 'smol-toml'
import { describe, expect, it } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { KUBERNETES_MAP } from '../../../src/migrate/builtin-map.ts'
import type { MapData } from '../../../src/migrate/map-data.ts'
import type { NodeConfigRequest } from '../../../src/migrate/node-config/node-config.ts'
import { NODE_TOOLS, type NodeTool } from '../../../src/migrate/node-config/tools.ts'

const MIRROR: MapData = { moves: [{ from: 'registry.k8s.io', to: 'mirror.example/k8s' }], related: [] }
const HUB: MapData = { moves: [{ from: 'docker.io', to: 'mirror.example' }], related: [] }

type Asked = Omit<NodeConfigRequest, 'data' | 'version' | 'kubernetes'> & {
  version?: string
  kubernetes?: string
}

function configOf(tool: NodeTool, data: MapData, { version, kubernetes, ...request }: Asked = {}) {
  const config = NODE_TOOLS[tool]({
    data,
    ...request,
    ...(version !== undefined && { version: parseVersion(version)! }),
    ...(kubernetes !== undefined && { kubernetes: parseVersion(kubernetes)! }),
  })
  const files = Object.fromEntries(config.settings.map(({ file, content }) => [file, content]))
  return { ...config, files, text: config.settings.map(({ content }) => content).join('\n') }
}

const HOSTS = '/etc/containerd/certs.d'

describe('node-config --for kubeadm', () => {
  it.each([
    ['1.20.5', undefined],
    ['1.24.3', 'registry.k8s.io/coredns'],
    ['1.22.16', 'registry.k8s.io/coredns'],
    ['1.22.17', undefined],
    ['1.24.9', undefined],
    ['1.30.0', undefined],
  ])('%s finds CoreDNS where registry.k8s.io has it', (version, dns) => {
    const config = parse(configOf('kubeadm', KUBERNETES_MAP, { version }).text)
    expect(config.imageRepository).toBe('registry.k8s.io')
    expect(config.dns).toEqual(dns === undefined ? undefined : { imageRepository: dns })
  })

  it('says what it would have to set when the version is not known', () => {
    const { notes } = configOf('kubeadm', KUBERNETES_MAP)
    expect(notes.join('\n')).toContain('needs dns.imageRepository: registry.k8s.io/coredns too')
  })

  it('needs no other name for CoreDNS on a mirror before 1.21, and one from then on', () => {
    const dnsOf = (version: string) => parse(configOf('kubeadm', MIRROR, { version }).text).dns
    expect(dnsOf('1.20.15')).toBeUndefined()
    expect(dnsOf('1.21.0')).toEqual({ imageRepository: 'mirror.example/k8s/coredns' })
  })

  it('names the tags that have to be there, and what is not known', () => {
    const notesOf = (version: string) => configOf('kubeadm', MIRROR, { version }).notes.join('\n')
    expect(notesOf('1.26.3')).toContain('kubeadm 1.26.3 pulls pause 3.9, etcd 3.5.6-0, coredns v1.9.3')
    expect(notesOf('1.24.2')).toContain('Kubernetes 1.24.2 was not read')
    expect(notesOf('1.99.0')).toContain('nothing is known of Kubernetes 1.99')
  })
})

describe('the pause image of node-config', () => {
  it.each<[NodeTool, Asked, string]>([
    ['containerd', { kubernetes: '1.24.0' }, 'mirror.example/k8s/pause:3.7'],
    ['crio', { kubernetes: '1.26.3' }, 'mirror.example/k8s/pause:3.9'],
    ['kubelet', { version: '1.25.0' }, 'mirror.example/k8s/pause:3.8'],
    ['k3s', { version: '1.22.0' }, 'mirror.example/k8s/pause:3.5'],
    ['cri-dockerd', { kubernetes: '1.23.1' }, 'mirror.example/k8s/pause:3.6'],
  ])('is that of the version of Kubernetes for %s', (tool, asked, image) => {
    const { text, notes } = configOf(tool, MIRROR, asked)
    expect(text).toContain(image)
    expect(notes.join('\n')).toMatch(/is the pause image of kubeadm 1\./)
  })

  it('is an example where the version names none', () => {
    const { notes } = configOf('containerd', MIRROR, { kubernetes: '1.19.3' })
    expect(notes.join('\n')).toContain('is an example: keep the one that is set now')
  })

  it('is not set to an old name that never had it', () => {
    const { text, notes } = configOf('containerd', KUBERNETES_MAP, { revert: true, kubernetes: '1.31.0' })
    expect(text).not.toContain('pause')
    expect(notes.join('\n')).toContain('no pause image is set: k8s.gcr.io/pause has no 3.10')
  })
})

describe('node-config --no-fallback', () => {
  it('makes the mirror the last host of containerd', () => {
    const { files } = configOf('containerd', MIRROR, { noFallback: true, version: '2.1.0' })
    expect(parseToml(files[`${HOSTS}/registry.k8s.io/hosts.toml`]!)).toEqual({
      server: 'https://mirror.example/v2/k8s',
      capabilities: ['pull', 'resolve'],
      override_path: true,
      host: { 'https://mirror.example/v2/k8s': { capabilities: ['pull', 'resolve'], override_path: true } },
    })
  })

  it('blocks the registry itself for CRI-O', () => {
    const { files } = configOf('crio', MIRROR, { noFallback: true })
    expect(parseToml(files['/etc/containers/registries.conf.d/50-moved.conf']!)).toEqual({
      registry: [
        {
          prefix: 'registry.k8s.io',
          location: 'registry.k8s.io',
          blocked: true,
          mirror: [{ location: 'mirror.example/k8s' }],
        },
      ],
    })
  })

  it.each<[NodeTool, RegExp]>([
    ['k3s', /^disable-default-registry-endpoint: true$/m],
    ['talos', /^ *skipFallback: true$/m],
    ['openshift', /^ *mirrorSourcePolicy: NeverContactSource$/m],
  ])('has its own word for it in %s', (tool, word) => {
    expect(configOf(tool, MIRROR, { noFallback: true }).text).toMatch(word)
    expect(configOf(tool, MIRROR).text).not.toMatch(word)
  })

  it.each<[NodeTool, MapData]>([
    ['docker', HUB],
    ['kops', MIRROR],
  ])('sets nothing where %s cannot do it, and says so', (tool, data) => {
    const { settings, notes } = configOf(tool, data, { noFallback: true })
    expect(settings).toEqual([])
    expect(notes[0]).toContain('nothing is set with --no-fallback')
  })
})

describe('node-config --revert', () => {
  it('goes from the new name to the first old one', () => {
    const { files } = configOf('containerd', KUBERNETES_MAP, { revert: true, version: '1.7.2' })
    expect(Object.keys(files)).toContain(`${HOSTS}/registry.k8s.io/hosts.toml`)
    expect(parseToml(files[`${HOSTS}/registry.k8s.io/hosts.toml`]!)).toMatchObject({
      host: { 'https://k8s.gcr.io': { capabilities: ['pull', 'resolve'] } },
    })
    expect(files['/etc/containerd/config.toml']).toContain('"k8s.gcr.io/pause:3.9"')
  })

  it('goes from below a path to a registry, where the tool knows paths', () => {
    expect(configOf('crio', MIRROR, { revert: true }).text).toContain(
      'prefix = "mirror.example/k8s"\nlocation = "mirror.example/k8s"\n\n[[registry.mirror]]\nlocation = "registry.k8s.io"',
    )
    expect(configOf('containerd', MIRROR, { revert: true }).notes.join('\n')).toContain(
      'nothing is set for mirror.example/k8s',
    )
  })

  it('gives kubeadm its old registry, CoreDNS included', () => {
    expect(
      parse(configOf('kubeadm', KUBERNETES_MAP, { revert: true, version: '1.26.0' }).text),
    ).toMatchObject({
      imageRepository: 'k8s.gcr.io',
      dns: { imageRepository: 'k8s.gcr.io/coredns' },
    })
  })
})

describe('node-config for distributions', () => {
  it('gives Talos both forms, or that of its version', () => {
    const old = {
      machine: {
        registries: {
          mirrors: {
            'registry.k8s.io': { endpoints: ['https://mirror.example/v2/k8s'], overridePath: true },
          },
        },
      },
    }
    const now = {
      apiVersion: 'v1alpha1',
      kind: 'RegistryMirrorConfig',
      name: 'registry.k8s.io',
      endpoints: [{ url: 'https://mirror.example/v2/k8s', overridePath: true }],
    }
    const documents = (asked: Asked) =>
      parseAllDocuments(configOf('talos', MIRROR, asked).text).map((document) => document.toJS())
    expect(documents({})).toEqual([old, now])
    expect(documents({ version: '1.11.5' })).toEqual([old])
    expect(documents({ version: '1.12.0' })).toEqual([now])
  })

  it('gives kOps its mirrors of containerd', () => {
    expect(parse(configOf('kops', MIRROR).text)).toEqual({
      spec: { containerd: { registryMirrors: { 'registry.k8s.io': ['https://mirror.example/v2/k8s'] } } },
    })
  })

  it('gives OpenShift a set for tags and one for digests', () => {
    const mirrors = [
      {
        source: 'registry.k8s.io',
        mirrors: ['mirror.example/k8s'],
        mirrorSourcePolicy: 'AllowContactingSource',
      },
    ]
    expect(parseAllDocuments(configOf('openshift', MIRROR).text).map((one) => one.toJS())).toMatchObject([
      { kind: 'ImageTagMirrorSet', spec: { imageTagMirrors: mirrors } },
      { kind: 'ImageDigestMirrorSet', spec: { imageDigestMirrors: mirrors } },
    ])
  })

  it('tells containerd of Docker Hub where it is', () => {
    expect(configOf('containerd', HUB).files[`${HOSTS}/docker.io/hosts.toml`]).toMatch(
      /^server = "https:\/\/registry-1\.docker\.io"\n/,
    )
  })
})
