import type { RangesStorage } from '../../clouds/fetch/ranges.ts'
import { PortolanError } from '../../errors.ts'
import type { KeyValueStore } from './bindings.ts'

/** A range snapshot in KV: what a config calls its file is its key. Nothing is made or written here. */
export function rangesIn(kv: KeyValueStore): RangesStorage {
  const refuse = async () => {
    throw new PortolanError('USAGE', 'a worker makes no ranges: "portolan ranges update" does, elsewhere')
  }
  return {
    // A config without a folder has made its path absolute.
    read: async (path) => {
      const bytes = await kv.get(path.replace(/^\//, ''), 'arrayBuffer')
      return bytes === null ? undefined : new Uint8Array(bytes)
    },
    write: refuse,
    update: refuse,
  }
}
