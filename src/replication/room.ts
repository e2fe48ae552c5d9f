/** A bounded place for what is on its way. */
export interface Room {
  /** Waits, in the order of coming, until there is place for so many bytes; returns what gives them back. */
  enter(bytes: number): Promise<() => void>
}

/** Takes so many things and so many bytes; one thing alone is always let in, however large. */
export function createRoom(limit: { readonly things: number; readonly bytes: number }): Room {
  let things = 0
  let taken = 0
  const waiting: { bytes: number; enter: () => void }[] = []
  const admit = () => {
    for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
      if (things > 0 && (things >= limit.things || taken + next.bytes > limit.bytes)) return
      waiting.shift()
      things++
      taken += next.bytes
      next.enter()
    }
  }
  return {
    async enter(bytes) {
      const { promise, resolve } = Promise.withResolvers<void>()
      waiting.push({ bytes, enter: resolve })
      admit()
      await promise
      return () => {
        things--
        taken -= bytes
        admit()
      }
    },
  }
}
