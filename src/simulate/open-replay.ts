import { decodeRanges } from '../clouds/snapshot.ts'
import type { Config } from '../config/config.ts'
import { finish } from '../internal/steps.ts'
import { decodeInventory } from '../inventory/decode.ts'
import { lookupByConfig } from '../routing/locate-by-config.ts'
import { ContentSizes, type EstimatedSizes } from './content-sizes.ts'
import type { PaceCourse } from './pacing/course.ts'
import { Replay } from './replay.ts'
import { TriedPolicy } from './tried-policy.ts'

/** All that a replay needs, as data that can go to another thread. */
export interface ReplaySetup {
  readonly policies: readonly PolicySetup[]
  /** Files of inventories, by the ids of the stores that they are of. */
  readonly inventories: ReadonlyMap<string, Uint8Array>
  readonly sizes: EstimatedSizes
}

export interface PolicySetup {
  readonly config: Config
  /** Ids of backends that are taken to be down. */
  readonly down: readonly string[]
  /** The range snapshot by which addresses are found; absent where there is none. */
  readonly snapshot?: Uint8Array
  /** The paces of its sponsors; absent for all open. */
  readonly course?: PaceCourse
}

/** Makes a replay ready. Throws `SNAPSHOT_INVALID`, and `CONTENT_INVALID` for what is no inventory. */
export function openReplay({ policies, inventories: files, sizes }: ReplaySetup): Replay {
  const inventories = new Map(files.entries().map(([id, bytes]) => [id, decodeInventory(bytes)]))
  const tables = new Map<Uint8Array, ReturnType<typeof decodeRanges>['table']>()
  const tried = policies.map(({ config, down, snapshot, course }) => {
    if (snapshot !== undefined && !tables.has(snapshot)) tables.set(snapshot, decodeRanges(snapshot).table)
    const table = snapshot && tables.get(snapshot)
    const lookup = finish(lookupByConfig(config, (address) => table?.lookup(address)))
    const own = new Map([...inventories].filter(([id]) => config.stores.some((store) => store.id === id)))
    return new TriedPolicy({ config, down, inventories: own, lookup, course })
  })
  return new Replay(tried, new ContentSizes([...inventories.values()], sizes))
}
