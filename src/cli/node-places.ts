import { lstatSync } from 'node:fs'
import { join } from 'node:path'

/** Where the settings of container runtimes, kubelets and distributions of Kubernetes are on a machine. */
const PLACES = [
  '/etc/containerd',
  '/etc/crio',
  '/etc/containers/registries.conf',
  '/etc/containers/registries.conf.d',
  '/etc/docker/daemon.json',
  '/etc/default/kubelet',
  '/etc/sysconfig/kubelet',
  '/etc/kubernetes',
  '/etc/k0s',
  '/etc/rancher',
  ...['/etc/systemd/system', '/usr/lib/systemd/system', '/usr/local/lib/systemd/system'].flatMap((folder) =>
    ['kubelet', 'cri-docker', 'k3s', 'k3s-agent', 'rke2-server', 'rke2-agent'].flatMap((unit) => [
      `${folder}/${unit}.service`,
      `${folder}/${unit}.service.d`,
    ]),
  ),
  // Below it are the volumes of pods too, which are not settings of the machine.
  '/var/lib/kubelet/kubeadm-flags.env',
  '/var/lib/kubelet/config.yaml',
  '/var/lib/rancher/k3s/agent/etc/containerd',
  '/var/lib/rancher/k3s/agent/pod-manifests',
  '/var/lib/rancher/k3s/server/manifests',
  '/var/lib/rancher/rke2/agent/etc/containerd',
  '/var/lib/rancher/rke2/agent/pod-manifests',
  '/var/lib/rancher/rke2/server/manifests',
]

/** Those of the well-known places that are there, below a folder that stands for the root of the machine. */
export function nodePlaces(root: string): string[] {
  return PLACES.map((place) => join(root, place)).filter((place) => {
    try {
      return lstatSync(place, { throwIfNoEntry: false }) !== undefined
    } catch {
      // A folder above it may not be looked into: to be named as not read.
      return true
    }
  })
}
