import { systemClock } from '../../src/adapters/clock.ts'
import type { Target } from '../../src/replication/target.ts'
import { MemoryBucket, openMemoryStore } from '../../src/storage/memory/memory-store.ts'
import type { ObjectStore } from '../../src/storage/object-store.ts'

/** A store in memory that is filled, and what it was asked. */
export interface MemoryTarget extends Target {
  readonly bucket: MemoryBucket
  /** Such as `put portolan/inventory.json`. */
  readonly requests: string[]
}

export interface MemoryTargetOptions {
  readonly bucket?: MemoryBucket
  /** Keeps no manifests. */
  readonly blobsOnly?: boolean
  /** What the store does otherwise. */
  readonly misbehave?: (store: ObjectStore) => Partial<ObjectStore>
}

export function makeMemoryTarget(id: string, options: MemoryTargetOptions = {}): MemoryTarget {
  const { bucket = new MemoryBucket(), blobsOnly = false, misbehave = () => ({}) } = options
  const requests: string[] = []
  const honest = openMemoryStore(systemClock, bucket)
  const store: ObjectStore = { ...honest, ...misbehave(honest) }
  const noted = <Args extends [string, ...unknown[]], Result>(
    name: string,
    method: (...args: Args) => Result,
  ): ((...args: Args) => Result) => {
    return (...args) => {
      requests.push(`${name} ${args[0]}`)
      return method(...args)
    }
  }
  return {
    ...describeTarget(id, blobsOnly),
    bucket,
    requests,
    objects: {
      location: id,
      stat: noted('stat', store.stat),
      get: noted('get', store.get),
      put: noted('put', store.put),
      keepsConditions: store.keepsConditions,
      read: noted('read', store.read),
      replace: noted('replace', store.replace),
      upload: noted('upload', store.upload),
      list: noted('list', store.list),
      delete: noted('delete', store.delete),
      ...(store.free && { free: store.free }),
      close: store.close,
    },
  }
}

/** All of a target but its objects. */
export function describeTarget(id: string, blobsOnly = false): Omit<Target, 'objects'> {
  return {
    id,
    url: `http://${id}.test`,
    blobKey: (digest) => `blobs/${digest}`,
    ...(!blobsOnly && { manifestKey: (digest) => `manifests/${digest}` }),
  }
}
