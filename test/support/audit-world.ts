import { createHash } from '../../src/adapters/hash.ts'
import { type OwnershipStatement, signOwnership } from '../../src/backends/ownership/ownership.ts'
import { importPrivateKey, importPublicKey, signBytes } from '../../src/backends/ownership/ownership-key.ts'
import { encodeInventory } from '../../src/inventory/encode.ts'
import { INVENTORY_POINTER_PATH, inventoryPath, OWNERSHIP_PATH } from '../../src/inventory/paths.ts'
import { formatInventoryPointer, pointerStatement } from '../../src/inventory/pointer.ts'
import type { Digest } from '../../src/oci/digest.ts'
import { audit } from '../../src/replication/audit.ts'
import type { AuditOptions } from '../../src/replication/audit-options.ts'
import type { Reachable } from '../../src/replication/reachable.ts'
import type { Target } from '../../src/replication/target.ts'
import { walk } from '../../src/replication/walk.ts'
import { MemoryBucket, openMemoryStore } from '../../src/storage/memory/memory-store.ts'
import { makeKey } from './inventory.ts'
import { MemoryRegistry } from './memory-registry.ts'
import { type Fault, startMisbehaving } from './misbehaving.ts'
import { probeFetch } from './probe-fetch.ts'
import { createTestClock } from './test-clock.ts'
import { createTestRuntime } from './test-runtime.ts'

const KEY = makeKey()
const DAY = 86_400_000

export interface HarbourOptions {
  /** Whether the store has an inventory: it has unless this says otherwise. */
  readonly inventory?: boolean
  /** Whether its inventory is signed, and a proof of ownership laid beside it. */
  readonly signed?: boolean
  readonly fault?: Fault
}

/** Two images that share a layer, in a store that holds everything, and serves it. */
export async function openHarbour({ inventory = true, signed = false, fault }: HarbourOptions = {}) {
  const registry = new MemoryRegistry()
  const shared = registry.addBlob('app', 'shared '.repeat(1000))
  const own = registry.addBlob('app', 'own')
  const one = registry.addImage('app', { layers: [shared, own] })
  const two = registry.addImage('app', { layers: [shared], config: 'two' })
  registry.tag('app', 'v1', registry.addIndex('app', [one]))
  registry.tag('app', 'v2', two)
  const walked = await walk(
    registry,
    {
      from: 'main',
      repositories: { list: 'catalog', include: [], exclude: [] },
      tags: { include: [], exclude: [] },
      platforms: [],
      referrers: true,
      referrersRecheck: 0,
      journal: '/journal',
      concurrency: 1,
      requestsPerSecond: 1,
      maxWait: 1000,
      perRepository: [],
      foreignLayers: 'skip',
    },
    { workspace: { manifest: async () => undefined, keepManifest: async () => {} } },
  )

  const reachable = { ...walked, blobs: new Map(walked.blobs) }
  const clock = createTestClock()
  const bucket = new MemoryBucket()
  const objects = openMemoryStore(clock, bucket)
  const server = await startMisbehaving({
    content(path) {
      const object = bucket.objects.get(path.slice(1))
      return object && { bytes: object.bytes, type: object.headers.contentType }
    },
    fault,
  })
  const target: Target = {
    id: 'store',
    objects,
    url: server.origin,
    blobKey: (digest) => `blobs/${digest}`,
    manifestKey: (digest) => `manifests/${digest.replace(':', '/')}`,
  }
  for (const { digest } of reachable.blobs.values()) await put(target.blobKey(digest), registry.bytes(digest))
  for (const { digest, mediaType } of reachable.manifests.values()) {
    await put(target.manifestKey!(digest), registry.bytes(digest), mediaType)
  }
  const privateKey = await importPrivateKey(KEY.privatePem, 'the key')
  const ownership = { publicKey: await importPublicKey(KEY.publicKey), maxAge: 30 * DAY }
  if (inventory) {
    const digest = await list(reachable)
    if (signed) await prove({ inventory: digest })
  }

  async function put(key: string, bytes: Uint8Array, contentType = 'application/octet-stream') {
    await objects.put(key, bytes, { contentType })
  }
  /** Lays an inventory of this, and gives its digest. */
  async function list({ blobs, manifests }: Pick<Reachable, 'blobs' | 'manifests'>, by = privateKey) {
    const entries = [
      ...[...blobs.values()].map(({ digest, size = 0 }) => ({ digest, size })),
      ...[...manifests.values()].map(({ digest, size, mediaType }) => ({ digest, size, mediaType })),
    ]
    const at = clock.date().getTime()
    const bytes = encodeInventory(entries, at)
    const hash = createHash('sha256')
    hash.update(bytes)
    const digest = `sha256:${hash.hex()}` as Digest
    await put(inventoryPath(digest), bytes)
    const pointer = { at, digest, count: entries.length, bytes: bytes.length }
    const stated = { store: target.id, issued: at }
    const proof = { ...stated, signature: await signBytes(pointerStatement(pointer, stated), by) }
    await put(INVENTORY_POINTER_PATH, formatInventoryPointer({ ...pointer, ...(signed && { proof }) }))
    return digest
  }
  /** Lays a proof of ownership that says this. */
  async function prove(changes: Partial<OwnershipStatement>, by = privateKey) {
    const issued = clock.date().getTime()
    const statement = { store: target.id, url: target.url, issued, inventory: 'none', ...changes } as const
    await put(OWNERSHIP_PATH, await signOwnership(statement, by))
  }
  return {
    key: KEY,
    ...{
      registry,
      reachable,
      shared,
      own,
      one,
      two,
      clock,
      bucket,
      objects,
      target,
      put,
      list,
      prove,
      ownership,
    },
    audit: (
      options: Partial<AuditOptions> = {},
      targets: readonly Target[] = [target],
      over: Reachable = reachable,
    ) =>
      audit(over, targets, {
        runtime: createTestRuntime({ ...clock, fetch: probeFetch(10_000), random: Math.random }),
        content: 'full',
        ...(signed && { ownership }),
        ...options,
      }),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}
