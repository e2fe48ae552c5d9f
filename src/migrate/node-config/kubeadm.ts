import type { SemVer } from 'semver'
import { stringify } from 'yaml'
import { hasNestedCoreDns, kubeadmRegistry } from '../../releases/kubeadm-registry.ts'
import { kubernetesReleases } from '../../releases/kubernetes-releases.ts'
import { movesOf, type NodeConfig, type NodeConfigRequest, nothingToSet } from './node-config.ts'

/** What kubeadm pulls from unless told otherwise, now and before. */
const DEFAULTS = ['registry.k8s.io', 'k8s.gcr.io']

/**
 * kubeadm's `imageRepository`. Anywhere but under its own default kubeadm looks for `coredns` right under it, and so
 * needs `dns.imageRepository` where the copy is below the path that it has at its origin.
 */
export function kubeadmConfig(request: NodeConfigRequest): NodeConfig {
  const version = request.version ?? request.kubernetes
  const { moves, map, notes } = movesOf(request)
  const target = DEFAULTS.map((path) => map.judge({ path })?.to?.path).find((path) => path !== undefined)
  if (target === undefined) return nothingToSet([`the map moves neither of ${DEFAULTS.join(' and ')}`])
  const dns = needsDns(target, version) ? `${target}/coredns` : undefined
  const config = {
    apiVersion: `kubeadm.k8s.io/${apiVersion(version)}`,
    kind: 'ClusterConfiguration',
    imageRepository: target,
    ...(dns !== undefined && { dns: { imageRepository: dns } }),
  }
  const isMirror = !DEFAULTS.includes(target)
  return {
    settings: [{ file: 'kubeadm.yaml', whole: false, content: stringify(config) }],
    apply: [
      '# a new cluster:',
      'kubeadm init --config kubeadm.yaml',
      '# one that runs: set the same keys in ClusterConfiguration, which the next upgrade reads',
      'kubectl -n kube-system edit configmap kubeadm-config',
    ],
    check: ['kubeadm config images list --config kubeadm.yaml'],
    undo: ['# take the keys out again', 'kubectl -n kube-system edit configmap kubeadm-config'],
    notes: [
      ...(version === undefined
        ? [
            'kubeadm before 1.31 takes v1beta3, before 1.22 v1beta2; the keys are the same; --tool-version chooses',
          ]
        : []),
      'the pause image of running nodes is set in the container runtime, not by kubeadm',
      ...dnsNotes(target, dns, version),
      ...imageNotes(version),
      ...(request.noFallback || !isMirror ? [] : ['kubeadm asks this registry alone: it knows no fallback']),
      ...(moves.length === 0 ? [] : notes),
    ],
  }
}

/** Below its own default kubeadm finds CoreDNS by itself; before 1.21 it was `coredns` everywhere. */
function needsDns(target: string, version: SemVer | undefined): boolean {
  if (version === undefined) return !DEFAULTS.includes(target)
  return hasNestedCoreDns(version) && target !== kubeadmRegistry(version)
}

function dnsNotes(target: string, dns: string | undefined, version: SemVer | undefined): string[] {
  if (dns !== undefined) {
    const why =
      version === undefined ? '' : `, since ${kubeadmRegistry(version)} is what this kubeadm has by itself`
    return [`CoreDNS is expected at ${dns}/coredns, the path that it has at registry.k8s.io${why}`]
  }
  return version === undefined
    ? [
        `kubeadm from 1.21 to 1.22.16, 1.23.14 and 1.24.8 has k8s.gcr.io by itself, and then needs dns.imageRepository: ${target}/coredns too; --tool-version says so`,
      ]
    : []
}

/** Which tags have to be there. */
function imageNotes(version: SemVer | undefined): string[] {
  if (version === undefined) return []
  const { gap, ...images } = kubernetesReleases.images(version)
  const names = Object.entries(images).map(([name, tag]) => `${name} ${tag}`)
  const known = names.length === 0 ? [] : [`kubeadm ${version.version} pulls ${names.join(', ')}`]
  return [[...known, ...(gap === undefined ? [] : [gap])].join('; ')]
}

function apiVersion(version: SemVer | undefined): string {
  if (version === undefined || version.compare('1.31.0-0') >= 0) return 'v1beta4'
  return version.compare('1.22.0-0') >= 0 ? 'v1beta3' : 'v1beta2'
}
