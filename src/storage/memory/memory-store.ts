import type { Runtime } from '../../runtime.ts'
import { emptyBody } from '../driver/body.ts'
import { compareKeys } from '../driver/listing.ts'
import { PartUpload, partSizeOf } from '../driver/part-upload.ts'
import { tooLarge } from '../driver/small-object.ts'
import type { ObjectHeaders, ObjectInfo, ObjectStore } from '../object-store.ts'

/** An object of a {@link MemoryBucket}. */
export interface MemoryObject {
  readonly bytes: Uint8Array
  readonly headers: ObjectHeaders
  /** In milliseconds since 1970. */
  readonly modified: number
}

/** What outlives a driver: tests look into it and change what is there behind the driver's back. */
export class MemoryBucket {
  readonly objects = new Map<string, MemoryObject>()
  /** Parts of uploads that have not ended. */
  readonly uploads = new Map<string, Uint8Array[]>()
  /** How many were ever begun. */
  begun = 0
  /** Of objects that were asked for it. */
  readonly versions = new WeakMap<MemoryObject, string>()
  /** How many were ever given. */
  versionCount = 0
}

/** How much a stream gives at once. */
const CHUNK_BYTES = 64 * 1024

/** A store in memory, for tests and demonstrations: a plain object, so that one method can be made to misbehave. */
export function openMemoryStore({ date }: Pick<Runtime, 'date'>, bucket = new MemoryBucket()): ObjectStore {
  const location = 'memory'
  const infoOf = (key: string, { bytes, headers, modified }: MemoryObject): ObjectInfo => ({
    key,
    size: bytes.length,
    contentType: headers.contentType,
    modified,
  })
  const write = (key: string, bytes: Uint8Array, headers: ObjectHeaders) =>
    bucket.objects.set(key, { bytes, headers, modified: date().getTime() })
  const versionOf = (object: MemoryObject) => {
    const version = bucket.versions.get(object) ?? String(++bucket.versionCount)
    bucket.versions.set(object, version)
    return version
  }
  return {
    location,
    keepsConditions: true,
    async read(key, limit) {
      const object = bucket.objects.get(key)
      if (object === undefined) return undefined
      if (object.bytes.length > limit) throw tooLarge(location, key, limit)
      return { bytes: object.bytes.slice(), version: versionOf(object) }
    },
    async replace(key, bytes, headers, version) {
      const object = bucket.objects.get(key)
      if ((object && versionOf(object)) !== version) return false
      write(key, bytes.slice(), headers)
      return true
    },
    async stat(key) {
      const object = bucket.objects.get(key)
      return object && infoOf(key, object)
    },
    async get(key, range) {
      const object = bucket.objects.get(key)
      return object && streamOf(object.bytes.subarray(range?.start ?? 0, range?.end))
    },
    async put(key, bytes, headers) {
      write(key, bytes.slice(), headers)
      return false
    },
    async upload(key, size, headers, resume) {
      const partSize = partSizeOf(size, 10_000)
      const earlier = resume?.state ?? ''
      const state = bucket.uploads.has(earlier) ? earlier : `${key} ${++bucket.begun}`
      const parts = bucket.uploads.get(state) ?? []
      bucket.uploads.set(state, parts)
      return new PartUpload(
        { location, key, size, partSize, offset: parts.length * partSize },
        {
          async part(bytes) {
            parts.push(bytes.slice())
            await resume?.save(state)
          },
          async finish(bytes) {
            const whole = new Uint8Array(size)
            for (const [at, part] of [...parts, bytes].entries()) whole.set(part, at * partSize)
            write(key, whole, headers)
            bucket.uploads.delete(state)
            return false
          },
          async discard() {
            bucket.uploads.delete(state)
          },
        },
      )
    },
    async *list(prefix) {
      const keys = [...bucket.objects.keys()].filter((key) => key.startsWith(prefix))
      for (const key of keys.sort(compareKeys)) {
        const object = bucket.objects.get(key)
        if (object !== undefined) yield infoOf(key, object)
      }
    },
    async delete(key) {
      bucket.objects.delete(key)
    },
    async close() {},
  }
}

function streamOf(bytes: Uint8Array): ReadableStream<Uint8Array> {
  if (bytes.length === 0) return emptyBody()
  let position = 0
  return new ReadableStream({
    pull(controller) {
      controller.enqueue(bytes.slice(position, position + CHUNK_BYTES))
      position += CHUNK_BYTES
      if (position >= bytes.length) controller.close()
    },
  })
}
