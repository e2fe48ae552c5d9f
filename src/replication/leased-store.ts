import type { ObjectStore, Upload } from '../storage/object-store.ts'
import type { Target } from './target.ts'

/** Before anything is written: rejects when this run may not write any more. */
type Check = () => Promise<void>

/** A target into which nothing is written, and from which nothing is deleted, without a look at the lease. */
export function withLease(target: Target, check: Check): Target {
  return { ...target, objects: leasedStore(target.objects, check) }
}

function leasedStore(objects: ObjectStore, check: Check): ObjectStore {
  const checked = async <T>(work: () => Promise<T>): Promise<T> => {
    await check()
    return work()
  }
  return {
    location: objects.location,
    stat: (key) => objects.stat(key),
    get: (key, range) => objects.get(key, range),
    put: (...args) => checked(() => objects.put(...args)),
    keepsConditions: objects.keepsConditions,
    ...(objects.takesFiles && { takesFiles: true }),
    read: (key, limit) => objects.read(key, limit),
    replace: (...args) => checked(() => objects.replace(...args)),
    upload: (...args) => checked(async () => leasedUpload(await objects.upload(...args), checked)),
    list: (prefix) => objects.list(prefix),
    delete: (key) => checked(() => objects.delete(key)),
    ...(objects.free && { free: () => objects.free!() }),
    close: () => objects.close(),
  }
}

function leasedUpload(upload: Upload, checked: <T>(work: () => Promise<T>) => Promise<T>): Upload {
  return {
    offset: upload.offset,
    write: (bytes) => checked(() => upload.write(bytes)),
    commit: () => checked(() => upload.commit()),
    abort: () => checked(() => upload.abort()),
    // Lets go of what is open here; nothing is written.
    suspend: () => upload.suspend(),
  }
}
