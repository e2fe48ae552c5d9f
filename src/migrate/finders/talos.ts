import { createYamlFinder } from './yaml-finder.ts'

/**
 * Finds references in the machine config of Talos: images of the machine and the cluster, registry mirrors, and
 * manifests and files that are written into it.
 */
export const findInTalos = createYamlFinder({
  format: 'talos',
  isRegistryKey: (path) =>
    path.length === 4 && path[1] === 'registries' && (path[2] === 'mirrors' || path[2] === 'config'),
  role: (path) => (/^(?:image|coreDNSImage)$/.test(path.at(-1) ?? '') ? 'image' : undefined),
})
