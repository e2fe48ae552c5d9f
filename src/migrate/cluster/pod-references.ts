import { GenerationalCache } from '../../internal/generational-cache.ts'
import { findKubernetes } from '../finders/kubernetes.ts'
import type { Found } from '../found.ts'
import type { RegistryMap } from '../map.ts'
import type { PodSpec } from './cluster-object.ts'
import { distinct, isOfMap, withoutPlace } from './placeless.ts'

/** Specs that are kept in mind: the pods of one workload have the same, up to what is not looked at. */
const REMEMBERED_MAX = 4096
const REMEMBERED_CHARACTERS_MAX = 16 * 1024

/** Finds the references of pod specs that a map has something to say about. */
export class PodReferences {
  readonly #map: RegistryMap
  readonly #known = new GenerationalCache<string, readonly Found[]>(REMEMBERED_MAX)

  constructor(map: RegistryMap) {
    this.#map = map
  }

  /** Each belongs to its place within the spec, such as `container coredns`. */
  find(spec: PodSpec): readonly Found[] {
    const text = JSON.stringify(spec)
    const lowerCase = text.toLowerCase()
    if (!this.#map.hints.some((hint) => lowerCase.includes(hint))) return []
    const known = this.#known.get(text)
    if (known !== undefined) return known
    const found = distinct(
      findKubernetes({ path: 'pod.json', text })
        .filter((one) => isOfMap(one, this.#map))
        .map(withoutPlace),
    )
    if (text.length <= REMEMBERED_CHARACTERS_MAX) this.#known.set(text, found)
    return found
  }
}
