import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse as parseVersion } from 'semver'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { run } from '../../../src/cli/program.ts'
import { KUBERNETES_MAP } from '../../../src/migrate/builtin-map.ts'
import { findReferences } from '../../../src/migrate/find.ts'
import { findingsOf } from '../../../src/migrate/findings.ts'
import { createMap } from '../../../src/migrate/map.ts'
import type { MapData } from '../../../src/migrate/map-data.ts'
import { NODE_TOOLS, type NodeTool } from '../../../src/migrate/node-config/tools.ts'
import { findPrograms, runOk } from '../../support/programs.ts'
import { makeTempFolder } from '../../support/temp.ts'

const MIRROR: MapData = { moves: [{ from: 'registry.k8s.io', to: 'mirror.example/k8s' }], related: [] }
const HUB: MapData = { moves: [{ from: 'docker.io', to: 'mirror.example' }], related: [] }
const TOOLS = Object.keys(NODE_TOOLS) as NodeTool[]

/** The settings of a tool, by file. */
function settingsOf(tool: NodeTool, data: MapData, version?: string): Record<string, string> {
  const parsed = version === undefined ? undefined : parseVersion(version)!
  const { settings } = NODE_TOOLS[tool]({ data, ...(parsed && { version: parsed }) })
  return Object.fromEntries(settings.map(({ file, content }) => [file, content]))
}

describe('node-config', () => {
  it.each([
    ['1.7.2', 'version = 2', 'sandbox_image = "mirror.example/k8s/pause:3.9"'],
    ['2.1.0', 'version = 3', "sandbox = 'mirror.example/k8s/pause:3.9'"],
  ])('gives containerd %s its own version of the config', (version, head, pause) => {
    const { '/etc/containerd/config.toml': config } = settingsOf('containerd', MIRROR, version)
    expect(config).toContain(head)
    expect(config).toContain(pause)
  })

  it('sends containerd below the path of a mirror, and to a host without one as it is', () => {
    const { '/etc/containerd/certs.d/registry.k8s.io/hosts.toml': hosts } = settingsOf('containerd', MIRROR)
    expect(hosts).toBe(
      'server = "https://registry.k8s.io"\n\n[host."https://mirror.example/v2/k8s"]\n' +
        '  capabilities = ["pull", "resolve"]\n  override_path = true\n',
    )
    const { '/etc/containerd/certs.d/k8s.gcr.io/hosts.toml': moved } = settingsOf(
      'containerd',
      KUBERNETES_MAP,
    )
    expect(moved).toContain('[host."https://registry.k8s.io"]\n')
    expect(moved).not.toContain('override_path')
  })

  it('says what containerd, k3s and Docker cannot do', () => {
    for (const tool of ['containerd', 'k3s'] as const) {
      const { notes } = NODE_TOOLS[tool]({ data: KUBERNETES_MAP })
      expect(notes.join('\n')).toContain('nothing is set for gcr.io/google-containers')
      expect(notes.join('\n')).toContain('coredns is coredns/coredns there')
    }
    expect(NODE_TOOLS.docker({ data: MIRROR })).toMatchObject({ settings: [], apply: [] })
    expect(settingsOf('docker', HUB)).toEqual({
      '/etc/docker/daemon.json': '{\n  "registry-mirrors": [\n    "https://mirror.example"\n  ]\n}\n',
    })
  })

  it.each([
    [undefined, 'v1beta4'],
    ['1.31.0', 'v1beta4'],
    ['1.30.9', 'v1beta3'],
    ['1.21.0', 'v1beta2'],
  ])('gives kubeadm %s its config, with CoreDNS where the mirror has it', (version, api) => {
    expect(parse(settingsOf('kubeadm', MIRROR, version)['kubeadm.yaml']!)).toEqual({
      apiVersion: `kubeadm.k8s.io/${api}`,
      kind: 'ClusterConfiguration',
      imageRepository: 'mirror.example/k8s',
      dns: { imageRepository: 'mirror.example/k8s/coredns' },
    })
  })

  it('leaves CoreDNS to kubeadm where it looks for it by itself', () => {
    const config = parse(settingsOf('kubeadm', KUBERNETES_MAP)['kubeadm.yaml']!)
    expect(config).toMatchObject({ imageRepository: 'registry.k8s.io' })
    expect(config).not.toHaveProperty('dns')
  })

  it('gives a kubelet no flag that it does not know', () => {
    expect(settingsOf('kubelet', MIRROR, '1.35.0')).toEqual({})
    expect(settingsOf('kubelet', MIRROR, '1.30.0')).toEqual({
      '/etc/default/kubelet':
        'KUBELET_EXTRA_ARGS="--pod-infra-container-image=mirror.example/k8s/pause:3.9"\n',
    })
  })

  it('rewrites paths for k3s', () => {
    expect(parse(settingsOf('k3s', MIRROR)['/etc/rancher/k3s/registries.yaml']!)).toEqual({
      mirrors: {
        'registry.k8s.io': { endpoint: ['https://mirror.example'], rewrite: { '^(.*)$': 'k8s/$1' } },
      },
    })
  })

  it.each(TOOLS)('sets nothing that is an old name again: %s', (tool) => {
    const map = createMap(KUBERNETES_MAP)
    for (const [path, text] of Object.entries(settingsOf(tool, KUBERNETES_MAP))) {
      const images = findingsOf({ path, text }, findReferences({ path, text }), map).filter(
        ({ parts }) => parts.whole,
      )
      expect(images).toEqual([])
    }
  })

  it.each(TOOLS)('has for each setting of %s a way to apply it and a way back', (tool) => {
    for (const data of [KUBERNETES_MAP, MIRROR, HUB]) {
      const { settings, apply, undo, notes } = NODE_TOOLS[tool]({ data })
      if (settings.length > 0) expect([apply.length > 0, undo.length > 0]).toEqual([true, true])
      else expect(notes).not.toEqual([])
    }
  })

  it.each([
    [['--for', 'podman'], 2],
    [['--for', 'containerd', '--tool-version', 'new'], 2],
    [['--for', 'containerd', '--map', 'missing.yaml'], 2],
  ])('refuses %j', async (words, code) => {
    expect(await run(['node-config', ...words])).toBe(code)
  })
})

const podman = findPrograms('podman')
describe.skipIf(podman.missing)('registries.conf of CRI-O', () => {
  it.each([
    ['the built-in map', KUBERNETES_MAP, 'k8s.gcr.io', 'registry.k8s.io'],
    ['a mirror', MIRROR, 'registry.k8s.io', 'mirror.example/k8s'],
  ])('is read by podman as it is meant: %s', async (_, data, prefix, mirror) => {
    await using folder = await makeTempFolder()
    const file = join(folder.path, 'registries.conf')
    await writeFile(file, settingsOf('crio', data)['/etc/containers/registries.conf.d/50-moved.conf']!)
    const env = { ...process.env, CONTAINERS_REGISTRIES_CONF: file }
    const printed = await runOk(podman.found.podman, ['info', '--format', '{{json .Registries}}'], { env })
    expect(JSON.parse(printed.toString())[prefix]).toMatchObject({
      Prefix: prefix,
      Mirrors: [{ Location: mirror }],
    })
  })
})

const containerd = findPrograms('containerd')
describe.skipIf(containerd.missing)('config.toml of containerd', () => {
  it('is read by containerd as it is meant', async () => {
    await using folder = await makeTempFolder()
    const file = join(folder.path, 'config.toml')
    const printed = await runOk(containerd.found.containerd, ['--version'])
    const version = / v?([0-9]+\.[0-9]+\.[0-9]+)/.exec(printed.toString())![1]!
    await writeFile(file, settingsOf('containerd', MIRROR, version)['/etc/containerd/config.toml']!)
    const dump = (await runOk(containerd.found.containerd, ['--config', file, 'config', 'dump'])).toString()
    expect(dump).toMatch(/sandbox(?:_image)? = ['"]mirror\.example\/k8s\/pause:3\.9['"]/)
    expect(dump).toMatch(/config_path = ['"]\/etc\/containerd\/certs\.d['"]/)
  })
})
