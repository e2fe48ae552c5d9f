import { PortolanError } from '../errors.ts'
import type { Runtime } from '../runtime.ts'
import type { ObjectStore, Upload } from '../storage/object-store.ts'
import type { Target } from './target.ts'

/** For what moves few bytes or one part of an object, with all that a driver tries by itself, in milliseconds. */
const LIMIT = 300_000
/** Beside that, for as many bytes as a commit may have to read once more: bytes in a millisecond, 4 MB in a second. */
const BYTES_PER_MILLISECOND = 4000

type Clock = Pick<Runtime, 'after'>

/**
 * A target at which no attempt to write takes for ever: one of which nothing comes in time counts as one that was not
 * answered. What it stands for may still come to its end, and then writes what the next attempt writes too.
 */
export function withTimeLimits(target: Target, clock: Clock): Target {
  const { objects } = target
  const limited = <T>(what: string, bytes: number, work: Promise<T>) =>
    inTime(clock, LIMIT + bytes / BYTES_PER_MILLISECOND, work, (seconds) => {
      const message = `${objects.location} does not answer: nothing came of ${what} within ${seconds} s`
      return new PortolanError('UNREACHABLE', message, { location: objects.location })
    })
  return { ...target, objects: timedStore(objects, limited) }
}

type Limited = <T>(what: string, bytes: number, work: Promise<T>) => Promise<T>

function timedStore(objects: ObjectStore, limited: Limited): ObjectStore {
  return {
    location: objects.location,
    stat: (key) => objects.stat(key),
    get: (key, range) => objects.get(key, range),
    put: (key, bytes, headers, digest) =>
      limited(`writing ${key}`, bytes.length, objects.put(key, bytes, headers, digest)),
    keepsConditions: objects.keepsConditions,
    ...(objects.takesFiles && { takesFiles: true }),
    read: (key, limit) => objects.read(key, limit),
    replace: (key, bytes, headers, version) =>
      limited(`writing ${key}`, bytes.length, objects.replace(key, bytes, headers, version)),
    async upload(key, size, headers, resume) {
      const begun = objects.upload(key, size, headers, resume)
      return timedUpload(await limited(`beginning to write ${key}`, size, begun), key, size, limited)
    },
    list: (prefix) => objects.list(prefix),
    delete: (key) => limited(`deleting ${key}`, 0, objects.delete(key)),
    ...(objects.free && { free: () => objects.free!() }),
    close: () => objects.close(),
  }
}

function timedUpload(upload: Upload, key: string, size: number, limited: Limited): Upload {
  return {
    offset: upload.offset,
    write: (bytes) => limited(`writing ${key}`, bytes.length, upload.write(bytes)),
    commit: () => limited(`writing ${key}`, size, upload.commit()),
    abort: () => limited(`giving up ${key}`, 0, upload.abort()),
    suspend: () => limited(`leaving ${key}`, 0, upload.suspend()),
  }
}

/** The promise's result; rejects with what `late` gives when it takes longer than so many milliseconds. */
function inTime<T>(
  { after }: Clock,
  milliseconds: number,
  promise: Promise<T>,
  late: (seconds: number) => PortolanError,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const callOff = after(milliseconds, () => reject(late(Math.round(milliseconds / 1000))))
    promise.then(resolve, reject).finally(callOff)
  })
}
