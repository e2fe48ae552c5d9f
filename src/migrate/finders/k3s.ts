import { createYamlFinder } from './yaml-finder.ts'

/**
 * Finds references in `registries.yaml` of k3s and RKE2 (mirrors, their endpoints, credentials), and in their
 * `config.yaml` (`pause-image`, `system-default-registry`, arguments of the kubelet).
 */
export const findInK3s = createYamlFinder({
  format: 'k3s',
  isRegistryKey: (path) => path.length === 2 && (path[0] === 'mirrors' || path[0] === 'configs'),
})
