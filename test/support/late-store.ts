import type { MemoryBucket, MemoryObject } from '../../src/storage/memory/memory-store.ts'
import type { ObjectInfo, ObjectStore } from '../../src/storage/object-store.ts'

/** A change that not everybody sees yet. */
interface Change {
  /** What was there before it, and before those that nobody has seen either. */
  readonly before: MemoryObject | undefined
  /** Of so many looks at the object, every other one still shows that, and of so many listings each. */
  looks: number
  listings: number
}

/**
 * A store in memory that is eventually consistent: what was written or deleted is seen by each look only after so many,
 * before by every other one, and by listings only after as many. Conditions hold by what is really there, as in stores that keep them.
 */
export function lateStore(bucket: MemoryBucket, lag: number): (honest: ObjectStore) => Partial<ObjectStore> {
  const changes = new Map<string, Change>()
  const changing = async <T>(key: string, change: () => Promise<T>): Promise<T> => {
    const unseen = changes.get(key)
    const before = unseen !== undefined && unseen.looks > 0 ? unseen.before : bucket.objects.get(key)
    const result = await change()
    // What a condition has refused has changed nothing.
    if (result !== false) changes.set(key, { before, looks: lag, listings: lag })
    return result
  }
  /** What a look shows instead of what is there. */
  const old = (key: string): { readonly object: MemoryObject | undefined } | undefined => {
    const change = changes.get(key)
    // Not all of its machines are late: every other look sees what is there.
    if (change === undefined || change.looks-- <= 0 || change.looks % 2 === 0) return undefined
    return { object: change.before }
  }
  const infoOf = (key: string, { bytes, headers, modified }: MemoryObject): ObjectInfo => ({
    ...{ key, size: bytes.length, contentType: headers.contentType, modified },
  })
  return (honest) => ({
    put: (key, ...rest) => changing(key, () => honest.put(key, ...rest)),
    replace: (key, ...rest) => changing(key, () => honest.replace(key, ...rest)),
    delete: (key) => changing(key, () => honest.delete(key)),
    async upload(key, ...rest) {
      const upload = await honest.upload(key, ...rest)
      return {
        offset: upload.offset,
        write: (bytes) => upload.write(bytes),
        commit: () => changing(key, () => upload.commit()),
        abort: () => upload.abort(),
        suspend: () => upload.suspend(),
      }
    },
    async stat(key) {
      const shown = old(key)
      if (shown === undefined) return honest.stat(key)
      return shown.object && infoOf(key, shown.object)
    },
    async get(key, range) {
      const shown = old(key)
      if (shown === undefined) return honest.get(key, range)
      const bytes = shown.object?.bytes.slice(range?.start ?? 0, range?.end)
      return bytes && new Blob([bytes]).stream()
    },
    async read(key, limit) {
      const shown = old(key)
      if (shown === undefined) return honest.read(key, limit)
      return shown.object && { bytes: shown.object.bytes.slice(), version: 'an old one' }
    },
    async *list(prefix) {
      const shown = new Map<string, ObjectInfo>()
      for await (const info of honest.list(prefix)) shown.set(info.key, info)
      for (const [key, change] of changes) {
        if (!key.startsWith(prefix) || change.listings-- <= 0) continue
        if (change.before === undefined) shown.delete(key)
        else shown.set(key, infoOf(key, change.before))
      }
      yield* [...shown.values()].sort((a, b) => (a.key < b.key ? -1 : 1))
    },
  })
}
