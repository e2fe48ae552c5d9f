import type { Checkup, Where } from './checkup.ts'

/** A name of a registry, as references begin with it: `HOST` or `HOST:PORT`, without a scheme or a path. */
export function isRegistryName(text: string): boolean {
  return /^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\])(?::[0-9]{1,5})?$/.test(text)
}

/** Why a text is no name of a registry. */
export function registryNameFault(text: string): string {
  if (/^[a-z]+:\/\//i.test(text)) return 'names have no scheme'
  if (text.includes('/')) return 'a registry is told by its host alone, without a path'
  if (text !== text.toLowerCase()) return 'references have hosts in lower case'
  return 'it is no HOST or HOST:PORT'
}

/** Says of a name that mirrors are set for whether references begin with it; `*` is for all of them. */
export function checkRegistryName(checkup: Checkup, where: Where, name: string): boolean {
  if (name === '*' || isRegistryName(name)) return true
  checkup.fault(where, {
    rule: 'mirror-name',
    effect: 'unused',
    problem: `${name} is for no reference: ${registryNameFault(name)}`,
    fix: 'name the registry as references do, such as registry.k8s.io',
  })
  return false
}

/** Who is asked last for a registry, or for all. */
export function registryItself(name: string): string {
  return name === '*' ? 'the registry itself' : name
}
