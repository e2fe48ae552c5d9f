import type { Found } from '../found.ts'
import { writtenOf } from '../name.ts'

/** One reference of one owner in a cluster. */
export interface Entry {
  /** What it stands in, or what controls the pods that it stands in. */
  readonly owner: string
  readonly found: Found
  readonly staticOn?: string
  readonly pods: number
  readonly inTemplate: boolean
  /** It stands in a custom resource of this kind. */
  readonly custom?: { readonly group: string; readonly kind: string; readonly isControlled: boolean }
}

/** Entries, each once; those that are the same are counted together. */
export type Entries = Map<string, Entry>

/** Adds an entry, or counts it with the one that is the same. */
export function collect(entries: Entries, entry: Entry): void {
  const key = keyOf(entry)
  const same = entries.get(key)
  entries.set(key, same === undefined ? entry : together(same, entry))
}

/** One with the pods of another. */
export function together(one: Entry, { pods, inTemplate }: Entry): Entry {
  return { ...one, pods: one.pods + pods, inTemplate: one.inTemplate || inTemplate }
}

/** What tells it from others. */
export function keyOf({ owner, found, custom }: Entry): string {
  return `${owner} ${found.owner} ${writtenOf(found.parts)} ${custom?.group ?? ''}`.trimEnd()
}

/** What it has in common with what is made of it. */
export function sourceKeyOf({ owner, found }: Entry): string {
  return `${owner} ${writtenOf(found.parts)}`
}
