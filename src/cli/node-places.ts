import { lstatSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { readContainerdFiles } from '../migrate/node-check/containerd-files.ts'
import { createMachineFiles } from './node-files.ts'

const UNIT_FOLDERS = [
  '/etc/systemd/system',
  '/usr/lib/systemd/system',
  '/usr/local/lib/systemd/system',
  '/run/systemd/system',
]
const UNITS = [
  ...[
    'kubelet',
    'cri-docker',
    'containerd',
    'crio',
    'docker',
    'k3s',
    'k3s-agent',
    'rke2-server',
    'rke2-agent',
  ],
  ...['k0scontroller', 'k0sworker'],
]

/** Where the settings of container runtimes, kubelets and distributions of Kubernetes are on a machine. */
const PLACES = [
  '/etc/containerd',
  '/etc/crio',
  ...['registries.conf', 'registries.conf.d', 'policy.json'].map((name) => `/etc/containers/${name}`),
  '/etc/docker/daemon.json',
  '/etc/kubernetes',
  '/etc/eks',
  '/etc/k0s',
  '/etc/rancher',
  ...UNITS.flatMap((unit) => [`/etc/default/${unit}`, `/etc/sysconfig/${unit}`]),
  // A unit, what its distribution's installer puts beside it, and what people change of it.
  ...UNIT_FOLDERS.flatMap((folder) =>
    UNITS.flatMap((unit) => [
      `${unit}.service`,
      `${unit}.service.env`,
      `${unit}.env`,
      `${unit}.service.d`,
    ]).map((name) => `${folder}/${name}`),
  ),
  // Below it are the volumes of pods too, which are not settings of the machine.
  '/var/lib/kubelet/kubeadm-flags.env',
  '/var/lib/kubelet/config.yaml',
  ...['k3s', 'rke2'].flatMap((name) => [
    `/var/lib/rancher/${name}/agent/etc/containerd`,
    `/var/lib/rancher/${name}/agent/pod-manifests`,
    `/var/lib/rancher/${name}/server/manifests`,
  ]),
  '/var/snap/microk8s/current/args',
  '/var/snap/microk8s/current/addons',
]

/** Configs of containerd, which may import files from anywhere. */
const CONTAINERD_CONFIGS = [
  '/etc/containerd/config.toml',
  '/etc/k0s/containerd.toml',
  '/var/snap/microk8s/current/args/containerd.toml',
  '/var/snap/microk8s/current/args/containerd-template.toml',
]

/**
 * Those of the well-known places that are there, below a folder that stands for the root of the machine, and what
 * containerd's config imports from elsewhere.
 */
export function nodePlaces(root: string): string[] {
  const files = createMachineFiles(root)
  const imported = CONTAINERD_CONFIGS.flatMap((config) => readContainerdFiles(files, config).loaded)
    .map(({ path }) => files.locate(path))
    .filter((path) => !PLACES.some((place) => isBelow(path, join(root, place))))
  const places = PLACES.map((place) => join(root, place)).filter(isThere)
  return [...new Set([...places, ...imported])]
}

function isThere(place: string): boolean {
  try {
    return lstatSync(place, { throwIfNoEntry: false }) !== undefined
  } catch {
    // A folder above it may not be looked into: to be named as not read.
    return true
  }
}

function isBelow(path: string, folder: string): boolean {
  for (let at = path; ; at = dirname(at)) {
    if (at === folder) return true
    if (at === dirname(at)) return false
  }
}
