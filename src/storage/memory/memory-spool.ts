import type { Spool } from '../../transfer/spool.ts'

/** A spool for a small blob: begun anew by each process. */
export function createMemorySpool(): Spool {
  let bytes = new Uint8Array(0)
  const clear = async () => {
    bytes = new Uint8Array(0)
  }
  return {
    get length() {
      return bytes.length
    },
    async append(more) {
      const longer = new Uint8Array(bytes.length + more.length)
      longer.set(bytes)
      longer.set(more, bytes.length)
      bytes = longer
    },
    read: async (start, end) => bytes.subarray(start, end),
    clear,
    close: clear,
    remove: clear,
  }
}
