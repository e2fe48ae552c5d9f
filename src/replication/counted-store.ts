import type { ObjectStore } from '../storage/object-store.ts'

/** Objects in a page of a list: S3 and Cloud Storage give so many, Azure five times as many. */
const PAGE = 1000

/** A store that is read, and how many requests that has taken: at least one for each thing that it was asked. */
export function countRequests(objects: ObjectStore): {
  readonly objects: ObjectStore
  readonly requests: () => number
} {
  let requests = 0
  const counted = <Args extends unknown[], Result>(method: (...args: Args) => Result) => {
    return (...args: Args): Result => {
      requests++
      return method(...args)
    }
  }
  async function* list(prefix: string) {
    let found = 0
    for await (const info of objects.list(prefix)) {
      if (found++ % PAGE === 0) requests++
      yield info
    }
    if (found === 0) requests++
  }
  return {
    objects: {
      location: objects.location,
      keepsConditions: objects.keepsConditions,
      ...(objects.takesFiles && { takesFiles: true }),
      stat: counted((key) => objects.stat(key)),
      get: counted((key, range) => objects.get(key, range)),
      put: counted((...args) => objects.put(...args)),
      read: counted((key, limit) => objects.read(key, limit)),
      replace: counted((...args) => objects.replace(...args)),
      upload: counted((...args) => objects.upload(...args)),
      list,
      delete: counted((key) => objects.delete(key)),
      ...(objects.free && { free: () => objects.free!() }),
      close: () => objects.close(),
    },
    requests: () => requests,
  }
}
