import { forEachInSteps, type Steps } from '../internal/steps.ts'
import { parsePrefix } from '../net/prefix.ts'
import type { PrefixTable } from '../net/prefix-table.ts'
import { type PrefixEntry, prefixTableInSteps } from '../net/prefix-table-builder.ts'
import { describeLocated } from './layers.ts'
import type { Located } from './located.ts'
import { placeOf } from './places.ts'

/** A prefix as the config writes it, and the name of the place where its addresses are. */
interface WrittenPlace {
  readonly prefix: string
  readonly at: string
}

/**
 * The table of the places that a config names, in steps. Throws `ADDRESS_INVALID` and `PREFIX_CONFLICT`, of which a valid
 * config has none.
 */
export function* tableOfPlaces(places: readonly WrittenPlace[]): Steps<PrefixTable<Located>> {
  const located = new Map<string, Located>()
  const entries: PrefixEntry<Located>[] = []
  yield* forEachInSteps(places, ({ prefix, at }) => {
    let value = located.get(at)
    if (value === undefined) {
      value = { place: placeOf(at), source: 'override' }
      located.set(at, value)
    }
    entries.push({ prefix: parsePrefix(prefix), value })
  })
  return yield* prefixTableInSteps(entries, describeLocated)
}
