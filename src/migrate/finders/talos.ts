import { createYamlFinder } from './yaml-values.ts'

/**
 * Finds references in the machine config of Talos: images of the machine and the cluster, registry mirrors, and
 * manifests and files that are written into it.
 */
export const findInTalos = createYamlFinder({
  format: 'talos',
  isRegistryKey: (path) =>
    path.length === 4 && path[1] === 'registries' && (path[2] === 'mirrors' || path[2] === 'config'),
  role(path) {
    const key = path.at(-1) === '[]' ? path.at(-2) : path.at(-1)
    if (key === 'image' || key === 'coreDNSImage') return 'image'
    if (key === 'endpoints' && path.includes('mirrors')) return 'url'
    if (key === 'contents' || key === 'content') return 'file'
    return path.includes('extraArgs') || path.includes('env') ? 'value' : undefined
  },
})
