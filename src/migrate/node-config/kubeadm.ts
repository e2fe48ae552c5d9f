import type { SemVer } from 'semver'
import { createMap } from '../map.ts'
import type { NodeConfig, NodeConfigRequest } from './node-config.ts'

/** What kubeadm pulls from unless told otherwise: since 1.25 the second one. */
const DEFAULTS = ['registry.k8s.io', 'k8s.gcr.io']

/**
 * kubeadm's `imageRepository`. Anywhere but under its own default kubeadm looks for `coredns` right under it, and so
 * needs `dns.imageRepository` where the copy is below the path that it has at its origin.
 */
export function kubeadmConfig({ data, version }: NodeConfigRequest): NodeConfig {
  const map = createMap(data)
  const target = DEFAULTS.map((path) => map.judge({ path })?.to?.path).find((path) => path !== undefined)
  if (target === undefined) {
    return {
      settings: [],
      apply: [],
      check: [],
      undo: [],
      notes: [`the map moves neither of ${DEFAULTS.join(' and ')}`],
    }
  }
  const dns = DEFAULTS.includes(target) ? [] : ['dns:', `  imageRepository: ${target}/coredns`]
  const content = [
    `apiVersion: kubeadm.k8s.io/${apiVersion(version)}`,
    'kind: ClusterConfiguration',
    `imageRepository: ${target}`,
    ...dns,
  ]
  return {
    settings: [{ file: 'kubeadm.yaml', whole: false, content: `${content.join('\n')}\n` }],
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
      ...(dns.length > 0
        ? [`CoreDNS is expected at ${target}/coredns/coredns, the path that it has at registry.k8s.io`]
        : []),
    ],
  }
}

function apiVersion(version: SemVer | undefined): string {
  if (version === undefined || version.compare('1.31.0-0') >= 0) return 'v1beta4'
  return version.compare('1.22.0-0') >= 0 ? 'v1beta3' : 'v1beta2'
}
