import { collectManifest } from './kubernetes.ts'
import { createYamlFinder } from './yaml-finder.ts'

/**
 * Finds references in the objects of Cluster API: kubeadm's config inside them, flags of the kubelet, commands before
 * and after kubeadm, and files.
 */
export const findInClusterApi = createYamlFinder({
  format: 'cluster-api',
  collect: collectManifest('cluster-api'),
})
