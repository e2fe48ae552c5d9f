import type { WorkloadResource } from '../../cluster/resources.ts'
import { PortolanError } from '../../errors.ts'
import { parseFullReference } from '../../oci/full-reference.ts'
import { LISTED_MAX } from '../../oci/image-list.ts'
import { formatReference } from '../../oci/reference.ts'
import { imagesOf, isCopy, readClusterObject } from './cluster-object.ts'

/** Longer than any reference. */
const WRITTEN_MAX = 1024

/** Gathers the images of pods and of what makes pods, as lists are read. What has ended pulls nothing any more. */
export class ImageTally {
  readonly #references = new Set<string>()
  readonly #unclear = new Set<string>()
  #objects = 0
  #garbled = 0
  #dropped = 0

  /** Full references, sorted: the order of a cluster's lists says nothing. */
  get references(): readonly string[] {
    return [...this.#references].sort()
  }

  /** What stands where an image should, and is none. */
  get unclear(): readonly string[] {
    return [...this.#unclear].sort()
  }

  /** How many objects were looked at. */
  get objects(): number {
    return this.#objects
  }

  /** How many objects were of no known form. */
  get garbled(): number {
    return this.#garbled
  }

  /** How many references were left out because there are far too many. */
  get dropped(): number {
    return this.#dropped
  }

  /** An empty one for a list that may yet break off. */
  begin(): ImageTally {
    return new ImageTally()
  }

  merge(part: ImageTally): void {
    this.#objects += part.#objects
    this.#garbled += part.#garbled
    this.#dropped += part.#dropped
    for (const reference of part.#references) this.#keep(this.#references, reference)
    for (const written of part.#unclear) this.#keep(this.#unclear, written)
  }

  /** Takes the items of a list of one kind. */
  add(resource: WorkloadResource, items: readonly unknown[]): void {
    for (const item of items) {
      this.#objects++
      const object = readClusterObject(resource, item)
      if (object === undefined) {
        this.#garbled++
        continue
      }
      if (object.ended || isCopy(resource, object)) continue
      for (const written of imagesOf(object.podSpec)) this.#take(written)
    }
  }

  #take(written: string): void {
    const text = structuredClone(written.slice(0, WRITTEN_MAX))
    try {
      this.#keep(this.#references, formatReference(parseFullReference(text)))
    } catch (error) {
      if (!(error instanceof PortolanError)) throw error
      this.#keep(this.#unclear, text)
    }
  }

  #keep(kept: Set<string>, text: string): void {
    if (kept.size < LISTED_MAX || kept.has(text)) kept.add(text)
    else this.#dropped++
  }
}
