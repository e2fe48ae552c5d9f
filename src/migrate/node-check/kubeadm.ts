import { coerce, parse, type SemVer } from 'semver'
import { hasNestedCoreDns, kubeadmRegistry } from '../../releases/kubeadm-registry.ts'
import type { Checkup, Where } from './checkup.ts'
import { type SettingsDocument, valueAt } from './settings-text.ts'

/** The first and, where it is over, the last minor version of Kubernetes whose kubeadm reads a version of its config. */
const API_VERSIONS: ReadonlyMap<string, readonly [first: number, last?: number]> = new Map([
  ['v1beta2', [15, 26]],
  ['v1beta3', [22]],
  ['v1beta4', [31]],
])

/** Looks at a ClusterConfiguration: where its images are, and whether its version has them there. */
export function checkKubeadm(checkup: Checkup, file: string, document: SettingsDocument): void {
  const { value } = document
  if (valueAt(value, 'kind') !== 'ClusterConfiguration') return
  const at = (...path: string[]): Where => ({ file, line: document.line(path) })
  const version =
    versionOf(valueAt(value, 'kubernetesVersion')) ?? checkup.request.version ?? checkup.request.kubernetes
  checkApiVersion(checkup, at('apiVersion'), String(valueAt(value, 'apiVersion')), version)
  const repository = valueAt(value, 'imageRepository')
  for (const path of [
    ['imageRepository'],
    ['dns', 'imageRepository'],
    ['etcd', 'local', 'imageRepository'],
  ]) {
    checkRepository(checkup, at(...path), valueAt(value, ...path))
  }
  const dns = valueAt(value, 'dns', 'imageRepository')
  if (typeof dns === 'string' && /\/coredns\/coredns$/.test(dns)) {
    checkup.fault(at('dns', 'imageRepository'), {
      rule: 'coredns-path',
      effect: 'broken',
      problem: `kubeadm puts /coredns behind it, and asks ${dns}/coredns`,
      fix: `write ${dns.replace(/\/coredns$/, '')}`,
    })
  }
  checkDnsTag(checkup, at('dns', 'imageTag'), valueAt(value, 'dns', 'imageTag'), version)
  if (version === undefined || typeof repository !== 'string' || dns !== undefined) return
  const own = kubeadmRegistry(version)
  // Only these two are known to have CoreDNS below a path of its own.
  if (
    !hasNestedCoreDns(version) ||
    repository === own ||
    !['k8s.gcr.io', 'registry.k8s.io'].includes(repository)
  )
    return
  checkup.fault(at('imageRepository'), {
    rule: 'coredns-path',
    effect: 'broken',
    problem: `kubeadm ${version.version} has ${own} by itself, and elsewhere asks ${repository}/coredns, where ${repository} has coredns/coredns`,
    fix: `write dns: { imageRepository: ${repository}/coredns }`,
  })
}

function checkApiVersion(checkup: Checkup, where: Where, written: string, version: SemVer | undefined): void {
  const api = /^kubeadm\.k8s\.io\/(.+)$/.exec(written)?.[1] ?? written
  const range = API_VERSIONS.get(api)
  if (version === undefined || range === undefined) return
  const [first, last = Number.POSITIVE_INFINITY] = range
  if (version.minor >= first && version.minor <= last) return
  const best = version.minor >= 31 ? 'v1beta4' : version.minor >= 22 ? 'v1beta3' : 'v1beta2'
  checkup.fault(where, {
    rule: 'kubeadm-api-version',
    effect: 'broken',
    problem: `kubeadm ${version.version} does not read ${written}`,
    fix: `write kubeadm.k8s.io/${best}; kubeadm config migrate does it`,
  })
}

function checkRepository(checkup: Checkup, where: Where, written: unknown): void {
  if (typeof written !== 'string') return
  const clean = written.replace(/^\w+:\/\//, '').replace(/\/+$/, '')
  if (clean === written) return
  checkup.fault(where, {
    rule: 'image-repository',
    effect: 'broken',
    problem: `${written} is no beginning of a reference: it has a scheme, or ends with /`,
    fix: `write ${clean}`,
  })
}

/** Since 1.21 tags of CoreDNS begin with `v`. */
function checkDnsTag(checkup: Checkup, where: Where, tag: unknown, version: SemVer | undefined): void {
  if (typeof tag !== 'string' || version === undefined || !/^v?[0-9]+\.[0-9]+\.[0-9]+$/.test(tag)) return
  const needsV = hasNestedCoreDns(version)
  if (tag.startsWith('v') === needsV) return
  checkup.fault(where, {
    rule: 'coredns-tag',
    effect: 'broken',
    problem: `kubeadm ${version.version} asks for a name of CoreDNS whose tags ${needsV ? 'begin with v' : 'have no v'}`,
    fix: `write ${needsV ? `v${tag}` : tag.slice(1)}`,
  })
}

function versionOf(written: unknown): SemVer | undefined {
  if (typeof written !== 'string') return undefined
  return parse(written) ?? (/^v?[0-9]+\.[0-9]+/.test(written) ? coerce(written) : null) ?? undefined
}
