import { lt, parse, satisfies } from 'semver'
import type { KubeadmDns } from './found.ts'

/** The image of CoreDNS in all versions of kubeadm; under its own default registry it is one level deeper since 1.21. */
const COREDNS = 'coredns'
const DEFAULTS = ['k8s.gcr.io', 'registry.k8s.io']
/** From these on kubeadm's own default is registry.k8s.io (kubernetes.io/blog/2022/11/28/registry-k8s-io-faster-cheaper-ga). */
const NEW_DEFAULT = '>=1.22.17 <1.23.0 || >=1.23.15 <1.24.0 || >=1.24.9 <1.25.0 || >=1.25.0'

/**
 * The path that kubeadm pulls CoreDNS from by a `dns.imageRepository` (kubeadm, `images.GetDNSImage`); `undefined` when
 * that depends on a version which is not known. A tag with a `v` is one of the deeper path.
 */
export function dnsPath(registry: string, dns: KubeadmDns, tag?: string): string | undefined {
  const isDeeper = goesDeeper(registry, dns, tag)
  return isDeeper === undefined ? undefined : `${registry}/${isDeeper ? `${COREDNS}/` : ''}${COREDNS}`
}

/** The `dns.imageRepository` by which kubeadm pulls from a path; `undefined` when none does. */
export function dnsRegistry(path: string, dns: KubeadmDns): string | undefined {
  const above = withoutLast(path)
  if (above === undefined) return undefined
  const base = withoutLast(above)
  const defaults = defaultsOf(dns)
  // The shorter one where it is kubeadm's own default for certain.
  if (base !== undefined && defaults?.length === 1 && defaults[0] === base) return base
  return defaults?.includes(above) !== false && DEFAULTS.includes(above) ? shallow(above, dns) : above
}

/** The registries under which this kubeadm goes one level deeper; `undefined` when nothing tells. */
export function defaultsOf({ version, api }: KubeadmDns): readonly string[] | undefined {
  const known = version === undefined ? null : parse(version.replace(/^v/, ''))
  if (known !== null) {
    const plain = `${known.major}.${known.minor}.${known.patch}`
    if (lt(plain, '1.21.0')) return []
    return satisfies(plain, NEW_DEFAULT) ? ['registry.k8s.io'] : ['k8s.gcr.io']
  }
  if (api === 'v1beta1') return []
  if (api === 'v1beta3') return DEFAULTS
  return api === 'v1beta4' ? ['registry.k8s.io'] : undefined
}

function goesDeeper(registry: string, dns: KubeadmDns, tag?: string): boolean | undefined {
  if (!DEFAULTS.includes(registry)) return false
  const defaults = defaultsOf(dns)
  if (defaults !== undefined) return defaults.includes(registry)
  return tag === undefined ? undefined : tag.startsWith('v')
}

/** A default registry stands for the path right below it only where kubeadm does not go deeper. */
function shallow(registry: string, dns: KubeadmDns): string | undefined {
  return defaultsOf(dns)?.includes(registry) === false ? registry : undefined
}

function withoutLast(path: string): string | undefined {
  return path.endsWith(`/${COREDNS}`) ? path.slice(0, -COREDNS.length - 1) : undefined
}
