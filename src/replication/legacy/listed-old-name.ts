import type { LegacyList } from '../../legacy/legacy-list.ts'
import type { Digest } from '../../oci/digest.ts'
import type { Name, Tag } from '../../oci/name.ts'
import type { OldName } from './old-name.ts'

/** An old name by the list of an earlier check: it may be switched off by now. */
export function listedOldName({ listedFrom, listed, repositories }: LegacyList): OldName {
  return {
    ...{ listedFrom, listed },
    names: async () => ({ values: Object.keys(repositories) as Name[], invalid: [] }),
    async read(name) {
      const { tags, referrers = {}, lacks = [] } = repositories[name]!
      return {
        name,
        tags: new Map(Object.entries(tags) as [Tag, Digest][]),
        referrers: new Map(Object.entries(referrers) as [Digest, readonly Digest[]][]),
        lacks: new Set(lacks),
        ...{ contents: new Map(), incomplete: [], faults: [], warnings: [] },
      }
    },
  }
}
