import type { ObjectStore } from '../../src/storage/object-store.ts'

/** What a store can do wrong after it has said yes, by the name under which a table shows it. */
export const LIES = [
  'corrupts the first byte',
  'corrupts the last byte',
  'forgets',
  'cuts off',
  'serves it as HTML',
] as const

export type Lie = (typeof LIES)[number]

/** A store that takes the objects whose key begins with `prefix`, and keeps something else. */
export function lyingStore(lie: Lie, prefix: string): (honest: ObjectStore) => Partial<ObjectStore> {
  return (honest) => ({
    async put(key, bytes, headers) {
      if (!key.startsWith(prefix)) return honest.put(key, bytes, headers)
      switch (lie) {
        case 'forgets':
          return false
        case 'cuts off':
          return honest.put(key, bytes.subarray(0, bytes.length - 1), headers)
        case 'serves it as HTML':
          return honest.put(key, bytes, { ...headers, contentType: 'text/html' })
        default: {
          const altered = bytes.slice()
          const at = lie === 'corrupts the first byte' ? 0 : altered.length - 1
          altered[at]! ^= 0xff
          return honest.put(key, altered, headers)
        }
      }
    },
    async upload(key, size, headers) {
      const bytes = new Uint8Array(size)
      let offset = 0
      const { put } = { ...honest, ...lyingStore(lie, prefix)(honest) }
      return {
        offset: 0,
        async write(more) {
          bytes.set(more, offset)
          offset += more.length
        },
        commit: () => put(key, bytes, headers),
        async abort() {},
        async suspend() {},
      }
    },
  })
}
