import { globSync, lstatSync, readFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { readToml } from '../migrate/finders/toml.ts'

/** Units of what runs containers, by their names. */
const UNITS = [
  'kubelet',
  'cri-docker',
  'containerd',
  'crio',
  'docker',
  'k3s',
  'k3s-agent',
  'rke2-server',
  'rke2-agent',
  'k0scontroller',
  'k0sworker',
]

/** Where the settings of container runtimes, kubelets and distributions of Kubernetes are on a machine. */
const PLACES = [
  '/etc/containerd',
  '/etc/crio',
  '/etc/containers/registries.conf',
  '/etc/containers/registries.conf.d',
  '/etc/containers/policy.json',
  '/etc/docker/daemon.json',
  ...['default', 'sysconfig'].flatMap((folder) =>
    ['kubelet', 'crio', 'docker', 'containerd', 'k3s', 'rke2-server', 'rke2-agent'].map(
      (name) => `/etc/${folder}/${name}`,
    ),
  ),
  '/etc/kubernetes',
  '/etc/k0s',
  '/etc/rancher',
  // Nodes of EKS.
  '/etc/eks',
  ...[
    '/etc/systemd/system',
    '/usr/lib/systemd/system',
    '/usr/local/lib/systemd/system',
    '/run/systemd/system',
  ].flatMap((folder) =>
    UNITS.flatMap((unit) => [
      `${folder}/${unit}.service`,
      `${folder}/${unit}.service.d`,
      // Where the installers of k3s and RKE2 put the environment.
      `${folder}/${unit}.service.env`,
      `${folder}/${unit}.env`,
    ]),
  ),
  // Below it are the volumes of pods too, which are not settings of the machine.
  '/var/lib/kubelet/kubeadm-flags.env',
  '/var/lib/kubelet/config.yaml',
  ...['k3s', 'rke2'].flatMap((name) =>
    ['agent/etc/containerd', 'agent/etc/crictl.yaml', 'agent/pod-manifests', 'server/manifests'].map(
      (place) => `/var/lib/rancher/${name}/${place}`,
    ),
  ),
  '/var/snap/microk8s/current/args',
  '/var/snap/microk8s/current/addons',
]
/** Configs of containerd, which may import others from anywhere. */
const CONTAINERD = [
  '/etc/containerd/config.toml',
  '/var/lib/rancher/k3s/agent/etc/containerd/config.toml',
  '/var/lib/rancher/rke2/agent/etc/containerd/config.toml',
  '/etc/k0s/containerd.toml',
  '/var/snap/microk8s/current/args/containerd.toml',
]
/** Imports of imports are followed so far, and no more files than this. */
const IMPORTS_MAX = 100

/** Those of the well-known places that are there, below a folder that stands for the root of the machine. */
export function nodePlaces(root: string): string[] {
  const places = PLACES.map((place) => join(root, place)).filter(isThere)
  const isWithin = (file: string) => places.some((place) => !relative(place, file).startsWith('..'))
  return [...places, ...importsOf(root).filter((file) => !isWithin(file))]
}

function isThere(place: string): boolean {
  try {
    return lstatSync(place, { throwIfNoEntry: false }) !== undefined
  } catch {
    // A folder above it may not be looked into: to be named as not read.
    return true
  }
}

/** What containerd's configs import, by paths and patterns, below the root. */
function importsOf(root: string): string[] {
  const found = new Set<string>()
  const left = CONTAINERD.map((place) => join(root, place))
  for (let file = left.pop(); file !== undefined && found.size < IMPORTS_MAX; file = left.pop()) {
    for (const pattern of importsIn(file)) {
      const full = pattern.startsWith('/') ? join(root, pattern) : resolve(file, '..', pattern)
      for (const imported of globSync(full)) {
        if (found.has(imported)) continue
        found.add(imported)
        left.push(imported)
      }
    }
  }
  return [...found].sort()
}

function importsIn(file: string): string[] {
  try {
    const { strings } = readToml(readFileSync(file, 'utf8'))
    return strings.filter(({ path }) => path.join() === 'imports').map(({ part }) => part.value)
  } catch {
    // One that is not there imports nothing; one that may not be read is named by the walk.
    return []
  }
}
