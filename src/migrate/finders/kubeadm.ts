import { isMap, type YAMLMap } from 'yaml'
import type { YamlCollector } from './yaml-collector.ts'

/** The registries that kubeadm has or had as its default: under these it looks for CoreDNS one level deeper. */
export const KUBEADM_DEFAULTS: readonly string[] = ['k8s.gcr.io', 'registry.k8s.io']

/** The repository of CoreDNS that kubeadm looks for under a `dns.imageRepository`. */
export function dnsImageBelow(registry: string): string {
  return KUBEADM_DEFAULTS.includes(registry) ? 'coredns/coredns' : 'coredns'
}

/**
 * Takes the registries of a ClusterConfiguration (v1beta2 to v1beta4): `imageRepository`, and those of DNS and of a
 * local etcd where they are others. `object` is what they belong to.
 */
export function collectKubeadm(collector: YamlCollector, map: YAMLMap, object: string): void {
  const { document } = collector
  const belonging = (path: string) =>
    ({ format: 'kubeadm', confidence: 'certain', owner: `${object} ${path}` }) as const
  const dns = document.get(map, 'dns')
  const etcd = document.get(map, 'etcd')
  const local = isMap(etcd) ? document.get(etcd, 'local') : undefined
  if (isMap(dns)) {
    const repository = document.getString(dns, 'imageRepository')
    const implies = dnsImageBelow(repository?.value ?? '')
    collector.addRegistry(repository, { ...belonging('dns.imageRepository'), implies })
  }
  collector.addRegistry(document.get(map, 'imageRepository'), belonging('imageRepository'))
  if (isMap(local))
    collector.addRegistry(document.get(local, 'imageRepository'), belonging('etcd.local.imageRepository'))
}
