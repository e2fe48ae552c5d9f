import { isMap, type YAMLMap } from 'yaml'
import type { KubeadmDns } from '../found.ts'
import type { YamlCollector } from './yaml-collector.ts'

/**
 * Takes the registries of a ClusterConfiguration (v1beta1 to v1beta4): `imageRepository`, and those of DNS, with its
 * tag, and of a local etcd where they are others. `object` is what they belong to; `known` is what is known of the
 * kubeadm that reads it.
 */
export function collectKubeadm(
  collector: YamlCollector,
  map: YAMLMap,
  object: string,
  known: Pick<KubeadmDns, 'api' | 'version'>,
): void {
  const { document } = collector
  const belonging = (path: string) =>
    ({ format: 'kubeadm', confidence: 'certain', owner: `${object} ${path}` }) as const
  const version = document.getString(map, 'kubernetesVersion')?.value ?? known.version
  const dns = document.get(map, 'dns')
  const etcd = document.get(map, 'etcd')
  const local = isMap(etcd) ? document.get(etcd, 'local') : undefined
  const kubeadm = { api: known.api.replace(/^.*\//, ''), ...(version !== undefined && { version }) }
  if (isMap(dns)) {
    const [registry, tag] = [document.getString(dns, 'imageRepository'), document.getString(dns, 'imageTag')]
    collector.addRegistry(
      registry,
      { ...belonging('dns.imageRepository'), dns: { ...kubeadm, isOwn: true } },
      tag,
    )
  }
  // Where DNS has no repository of its own it is looked for here, and that is said.
  const own = isMap(dns) && document.get(dns, 'imageRepository') !== undefined
  const repository = belonging('imageRepository')
  collector.addRegistry(
    document.get(map, 'imageRepository'),
    own ? repository : { ...repository, dns: { ...kubeadm, isOwn: false } },
  )
  if (isMap(local))
    collector.addRegistry(document.get(local, 'imageRepository'), belonging('etcd.local.imageRepository'))
}
