import type { ClusterResource } from '../../cluster/resources.ts'
import { readCustomObject } from './custom-object.ts'
import type { CustomReferences } from './custom-references.ts'
import type { Entry } from './entry.ts'
import type { OwnerChains } from './owner-chains.ts'

/** A custom resource that has more to it than was understood. */
export interface Remark<What> {
  /** `Prometheus/monitoring/main`. */
  readonly key: string
  readonly what: What
}

/** How many are named: those that mention names, those not fully read. */
const MENTIONS_MAX = 10_000
const UNREAD_MAX = 100

/** Goes through custom resources as they are listed. */
export class CustomTally {
  readonly #references: CustomReferences
  readonly #mentions: Remark<number>[] = []
  readonly #unread: Remark<string>[] = []
  #leftOut = 0

  constructor(references: CustomReferences) {
    this.#references = references
  }

  /** Objects with names of the map that were not understood, and how many. */
  get mentions(): readonly Remark<number>[] {
    return this.#mentions
  }

  /** Objects that were not fully read, and why. */
  get unread(): readonly Remark<string>[] {
    return this.#unread
  }

  /** How many objects with either are not named because there are far too many. */
  get leftOut(): number {
    return this.#leftOut
  }

  merge(part: CustomTally): void {
    for (const remark of part.#mentions) this.#remark(this.#mentions, remark, MENTIONS_MAX)
    for (const remark of part.#unread) this.#remark(this.#unread, remark, UNREAD_MAX)
    this.#leftOut += part.#leftOut
  }

  /** Gives the references of one object; `undefined` when it is none. */
  add(resource: ClusterResource, item: unknown, chains: OwnerChains): readonly Entry[] | undefined {
    const object = readCustomObject(resource, item)
    if (object === undefined) return undefined
    const { key, kind, group, controller } = object
    if (resource.isClusterWide) chains.addClusterWide(kind)
    if (controller !== undefined) chains.add(key, controller)
    const { found, mentions, unread } = this.#references.find(object)
    const isControlled = controller !== undefined
    if (unread !== undefined) this.#remark(this.#unread, { key, what: unread }, UNREAD_MAX)
    // What others are made of says it too.
    if (mentions > 0 && !isControlled) this.#remark(this.#mentions, { key, what: mentions }, MENTIONS_MAX)
    return found.map((one) => ({
      ...{ owner: key, found: one, pods: 0, inTemplate: true },
      custom: { group, kind, isControlled },
    }))
  }

  #remark<What>(remarks: Remark<What>[], remark: Remark<What>, max: number): void {
    if (remarks.length < max) remarks.push(remark)
    else this.#leftOut++
  }
}
