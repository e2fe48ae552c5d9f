import { collectManifest } from './kubernetes.ts'
import { createYamlFinder } from './yaml-finder.ts'

/** Finds references in kOps: images of components, the assets' registry, mirrors, and configs that it hands on. */
export const findInKops = createYamlFinder({
  format: 'kops',
  isRegistryKey: (path) => path.at(-2) === 'registryMirrors' && path.length === 4,
  role(path) {
    const key = path.findLast((part) => part !== '[]') ?? ''
    // The image of an instance group is that of a machine.
    if (path.join('.') === 'spec.image') return 'none'
    if (/image$/i.test(key)) return 'image'
    return key === 'containerRegistry' || key === 'containerProxy' ? 'registry' : undefined
  },
  collect: collectManifest('kops'),
})
