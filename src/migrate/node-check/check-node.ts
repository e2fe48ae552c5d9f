import { type CheckRequest, Checkup } from './checkup.ts'
import { checkContainerd } from './containerd.ts'
import type { ContainerdPlace } from './containerd-folders.ts'
import { checkContainers, checkCrio } from './crio.ts'
import { checkDocker } from './docker.ts'
import { checkK3s } from './k3s.ts'
import { checkCriDockerd, checkKubelet } from './kubelet.ts'
import type { NodeFiles } from './node-files.ts'
import type { CheckFinding, CheckMirror } from './report.ts'
import { checkSettingsFile } from './settings-file.ts'
import { unitCommands } from './systemd-units.ts'

/** What was found on a machine. */
export interface NodeCheck {
  readonly files: readonly { readonly tool: string; readonly path: string }[]
  readonly mirrors: readonly CheckMirror[]
  readonly findings: readonly CheckFinding[]
}

/** The containerd of distributions, each with its own config. */
const DISTRIBUTIONS: Readonly<Record<string, readonly ContainerdPlace[]>> = {
  k3s: [rancher('k3s')],
  rke2: [rancher('rke2')],
  k0s: [{ config: '/etc/k0s/containerd.toml', hosts: '/etc/k0s/certs.d' }],
  microk8s: ['containerd.toml', 'containerd-template.toml'].map((name) => ({
    config: `/var/snap/microk8s/current/args/${name}`,
    hosts: '/var/snap/microk8s/current/args/certs.d',
    variables: { SNAP_DATA: '/var/snap/microk8s/current', SNAP: '/snap/microk8s/current' },
  })),
}

/** Config files of kubeadm have no place of their own; these are where Cluster API and habit put them. */
const KUBEADM_FILES = [
  '/etc/kubernetes/kubeadm.yaml',
  '/etc/kubernetes/kubeadm-config.yaml',
  '/etc/kubeadm.yaml',
  '/run/kubeadm/kubeadm.yaml',
]

/** What is looked at for each tool, by the name that reports give it. */
const CHECKS: Readonly<Record<string, (checkup: Checkup) => void>> = {
  containerd: checkContainerds,
  crio(checkup) {
    checkContainers(checkup)
    checkCrio(checkup)
  },
  docker: (checkup) => checkDocker(checkup),
  'cri-dockerd': checkCriDockerd,
  kubelet: checkKubelet,
  kubeadm(checkup) {
    for (const file of KUBEADM_FILES) {
      if (checkup.files.read(file) !== undefined) checkSettingsFile(checkup, file)
    }
  },
  k3s: (checkup) => checkK3s(checkup, 'k3s'),
  rke2: (checkup) => checkK3s(checkup, 'rke2'),
}

/** The tools whose settings can be looked at where they are on a machine. */
export const CHECKED_TOOLS: readonly string[] = [
  ...new Set([...Object.keys(CHECKS), ...Object.keys(DISTRIBUTIONS)]),
]

/** Looks at the settings of a machine: of all tools, or of one. */
export function checkNode(files: NodeFiles, request: CheckRequest, only?: string): NodeCheck {
  const tools = Object.entries(CHECKS).filter(([tool]) => only === undefined || tool === only)
  const checkups = tools.map(([tool, check]) => {
    const checkup = new Checkup(tool, files, request)
    check(checkup)
    return checkup
  })
  for (const [tool, places] of Object.entries(DISTRIBUTIONS)) {
    if (only !== undefined && only !== tool) continue
    for (const place of places.filter(({ config }) => files.read(config) !== undefined)) {
      // What version of containerd a distribution ships is not what it is asked by.
      const checkup = new Checkup(tool, files, { ...request, version: undefined })
      checkContainerd(checkup, place)
      checkups.push(checkup)
    }
  }
  return taken(checkups)
}

/**
 * Looks at files that are named, each told by its name and what is in it. Gives the paths that are none of the settings
 * that are known.
 */
export function checkNamedFiles(
  files: NodeFiles,
  paths: readonly string[],
  request: CheckRequest,
): NodeCheck & { readonly unknown: readonly string[] } {
  const unknown: string[] = []
  const checkups = paths.map((path) => {
    const checkup = new Checkup('', files, request)
    const tool = checkSettingsFile(checkup, path)
    if (tool === undefined) unknown.push(path)
    return checkup
  })
  return { ...taken(checkups), unknown }
}

/** A unit may name another config than the usual one, as that of kOps does. */
function checkContainerds(checkup: Checkup): void {
  const named = unitCommands(checkup, 'containerd.service').flatMap(({ words }) =>
    words.flatMap((word, index) => {
      const [, value] = /^--?c(?:onfig)?(?:=(.+))?$/.exec(word) ?? []
      if (!/^--?c(?:onfig)?(?:=|$)/.test(word)) return []
      return [value ?? words[index + 1] ?? '']
    }),
  )
  const configs = named.filter((path) => path.startsWith('/'))
  for (const config of configs.length > 0 ? configs : ['/etc/containerd/config.toml']) {
    checkContainerd(checkup, { config, hosts: '/etc/containerd/certs.d' })
  }
}

function rancher(name: string): ContainerdPlace {
  const folder = `/var/lib/rancher/${name}/agent/etc/containerd`
  return { config: `${folder}/config.toml`, hosts: `${folder}/certs.d` }
}

function taken(checkups: readonly Checkup[]): NodeCheck {
  const files = checkups.flatMap(({ tool, read }) => [...read].map((path) => ({ tool, path })))
  return {
    files: [...new Map(files.map((file) => [JSON.stringify(file), file])).values()],
    mirrors: checkups.flatMap(({ mirrors }) => mirrors),
    findings: checkups.flatMap(({ findings }) => findings),
  }
}
