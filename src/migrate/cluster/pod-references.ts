import { GenerationalCache } from '../../internal/generational-cache.ts'
import { findKubernetes } from '../finders/kubernetes.ts'
import { findingsOf } from '../findings.ts'
import type { Found } from '../found.ts'
import type { RegistryMap } from '../map.ts'
import { writtenOf } from '../name.ts'
import type { PodSpec } from './cluster-object.ts'

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
    const found = findKubernetes({ path: 'pod.json', text })
      .filter((one) => findingsOf(NOWHERE, [one], this.#map).length > 0)
      .map(withoutPlace)
      // A pod that says it twice is one pod.
      .filter((one, index, all) => all.findIndex((other) => isSame(one, other)) === index)
    if (text.length <= REMEMBERED_CHARACTERS_MAX) this.#known.set(text, found)
    return found
  }
}

function isSame(one: Found, other: Found): boolean {
  return one.owner === other.owner && writtenOf(one.parts) === writtenOf(other.parts)
}

/** Stands for the text of what lives in a cluster, where nothing has a line. */
export const NOWHERE = { path: '', text: '' }

/** The same without its place in a text that nobody ever saw, and without keeping that text in memory. */
export function withoutPlace(found: Found): Found {
  const { parts, ...rest } = structuredClone(found)
  const placeless = Object.entries(parts).map(([name, { value }]) => [
    name,
    { value, span: { start: 0, end: 0 } },
  ])
  return { ...rest, parts: Object.fromEntries(placeless) }
}
