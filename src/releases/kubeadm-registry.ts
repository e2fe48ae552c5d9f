/** A version of kubeadm, which is that of Kubernetes. */
export interface KubeadmVersion {
  readonly major: number
  readonly minor: number
  readonly patch: number
}

/** The first patches that had the new default, of the minor versions that were supported when 1.25 had it. */
const BACKPORTS: Readonly<Record<number, number>> = { 22: 17, 23: 15, 24: 9 }

/**
 * Where kubeadm of a version pulls from unless told otherwise. It matters beyond that: `coredns/coredns` is asked only
 * below this default, and `coredns` below any other `imageRepository` (`DefaultImageRepository` and `GetDNSImage` of
 * kubeadm; the backports are those of `GetDefaultRegistry` in Cluster API's `util/kubeadm`).
 */
export function kubeadmRegistry({ major, minor, patch }: KubeadmVersion): 'k8s.gcr.io' | 'registry.k8s.io' {
  if (major > 1 || minor >= 25) return 'registry.k8s.io'
  const backport = BACKPORTS[minor]
  return backport !== undefined && patch >= backport ? 'registry.k8s.io' : 'k8s.gcr.io'
}

/** Since 1.21 CoreDNS has a name with two components below the default, and a `v` in its tags. */
export function hasNestedCoreDns({ major, minor }: Pick<KubeadmVersion, 'major' | 'minor'>): boolean {
  return major > 1 || minor >= 21
}
