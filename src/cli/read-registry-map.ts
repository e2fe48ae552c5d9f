import { KUBERNETES_MAP } from '../migrate/builtin-map.ts'
import { createMap, createReverseMap, type RegistryMap } from '../migrate/map.ts'
import type { MapData } from '../migrate/map-data.ts'
import { parseMapFile } from '../migrate/map-file.ts'
import type { OptionValues } from './spec/command-spec.ts'
import type { mapBothWays } from './spec/shared-options.ts'
import { readTextFile } from './text-file.ts'

/** Which names move where: the built-in map unless a file has another, and the other way round with `revert`. */
export type MapOptions = OptionValues<typeof mapBothWays>

/** Reads the map that a command is to use. Throws `FILE_UNREADABLE`, or `CONFIG_INVALID` with one line for each fault. */
export async function readRegistryMap({ map, revert }: MapOptions): Promise<RegistryMap> {
  const data = map === undefined ? KUBERNETES_MAP : await readMapData(map)
  return revert ? createReverseMap(data) : createMap(data)
}

/** Reads an operator's map. Throws as {@link readRegistryMap} does. */
export async function readMapData(file: string): Promise<MapData> {
  return parseMapFile(await readTextFile(file), file)
}
