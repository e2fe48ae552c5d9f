import { isMap, type YAMLMap } from 'yaml'
import type { Finder, Found } from '../found.ts'
import { readYaml, type YamlDocument } from '../yaml-source.ts'
import { collectKubeadm } from './kubeadm.ts'
import { byPlace } from './shell.ts'
import { YamlCollector } from './yaml-collector.ts'
import { createYamlFinder } from './yaml-values.ts'

/** Where a ClusterConfiguration of kubeadm is: in KubeadmControlPlane, KubeadmConfig, and the templates of both. */
const CONFIGURATIONS = [
  'spec.kubeadmConfigSpec.clusterConfiguration',
  'spec.template.spec.kubeadmConfigSpec.clusterConfiguration',
  'spec.clusterConfiguration',
  'spec.template.spec.clusterConfiguration',
]

const findInValues = createYamlFinder({
  format: 'cluster-api',
  role(path) {
    const key = path.findLast((part) => part !== '[]') ?? ''
    if (key === 'preKubeadmCommands' || key === 'postKubeadmCommands') return 'script'
    if (key === 'content' && path.includes('files')) return 'file'
    return path.includes('kubeletExtraArgs') || path.includes('extraArgs') ? 'value' : undefined
  },
})

/**
 * Finds references in the objects of Cluster API: kubeadm's config inside them, flags of the kubelet, commands before
 * and after kubeadm, and files.
 */
export const findInClusterApi: Finder = (source) => {
  const found: Found[] = [...findInValues(source)]
  for (const document of readYaml(source.text) ?? []) {
    const collector = new YamlCollector(source.text, document)
    for (const path of CONFIGURATIONS) {
      const map = mapAt(document, path)
      if (map !== undefined) collectKubeadm(collector, map, path)
    }
    for (const one of collector.found) found.push(one)
  }
  return found.sort(byPlace)
}

function mapAt(document: YamlDocument, path: string): YAMLMap | undefined {
  let node: unknown = document.contents
  for (const key of path.split('.')) node = isMap(node) ? document.get(node, key) : undefined
  return isMap(node) ? node : undefined
}
