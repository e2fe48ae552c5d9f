import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { SyncConfig } from '../../../src/config/config.ts'
import type { Digest } from '../../../src/oci/digest.ts'
import type { Descriptor } from '../../../src/oci/manifest.ts'
import type { SyncEvent } from '../../../src/replication/events.ts'
import { type SyncOptions, type SyncParts, sync } from '../../../src/replication/sync.ts'
import type { SyncReport } from '../../../src/replication/sync-report.ts'
import type { Target } from '../../../src/replication/target.ts'
import { type WalkEvent, walk } from '../../../src/replication/walk.ts'
import type { Runtime } from '../../../src/runtime.ts'
import { formatLease } from '../../../src/storage/fs/lease-file.ts'
import { describeThisProcess } from '../../../src/storage/fs/lease-holder.ts'
import { openWorkspace } from '../../../src/storage/fs/workspace.ts'
import type { MemoryBucket } from '../../../src/storage/memory/memory-store.ts'
import { MemoryRegistry } from '../../support/memory-registry.ts'
import { createTestRuntime } from '../../support/test-runtime.ts'

/** A runtime on whose clock a wait between two tries is over at once, and a time limit from so many milliseconds on never comes. */
export function createHastyRuntime(limit = 5000): Runtime {
  return createTestRuntime({
    random: () => 0,
    after(milliseconds, callback) {
      if (milliseconds >= limit) return () => {}
      const timer = setImmediate(callback)
      return () => clearImmediate(timer)
    },
  })
}

/** A registry with an image for two platforms that share a layer; one layer is too large to be held in memory. */
export interface TestUpstream {
  readonly registry: MemoryRegistry
  readonly large: Descriptor
  readonly small: Descriptor
  readonly index: Descriptor
}

export const LARGE_BYTES = 20 * 1024 * 1024

export function makeUpstream(): TestUpstream {
  const registry = new MemoryRegistry()
  const large = registry.addBlob('app', noise(LARGE_BYTES, 7))
  const small = registry.addBlob('app', noise(70_000, 8))
  const images = ['amd64', 'arm64'].map((architecture) =>
    registry.addImage('app', {
      layers: [large, small, `only ${architecture}`],
      platform: { os: 'linux', architecture },
    }),
  )
  const index = registry.addIndex('app', images)
  registry.tag('app', 'v1', index)
  return { registry, large, small, index }
}

/** Bytes that look random and are the same for the same seed (xorshift32). */
export function noise(length: number, seed: number): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(Math.ceil(length / 4))
  let state = seed
  for (let index = 0; index < words.length; index++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    words[index] = state
  }
  return new Uint8Array(words.buffer, 0, length)
}

export interface RunOptions extends Partial<Omit<SyncParts, 'options'>>, Partial<SyncOptions> {
  readonly folder: string
  readonly targets: readonly Target[]
  readonly upstream: MemoryRegistry
  /** What is copied, where it is not everything. */
  readonly section?: Partial<SyncConfig>
}

/** One run with a workspace in a folder, opened and closed as a process would. */
export async function runSync({
  folder,
  ...options
}: RunOptions): Promise<SyncReport & { events: SyncEvent[]; told: WalkEvent[] }> {
  const workspace = await openWorkspace(folder, {
    runtime: createTestRuntime({ random: Math.random }),
    expiry: 30_000,
  })
  const events: SyncEvent[] = []
  const told: WalkEvent[] = []
  const {
    concurrency = 4,
    verify = 'sample',
    trustExisting = false,
    recheck = false,
    takeLease = false,
    dryRun = false,
    section = {},
    ...parts
  } = options
  try {
    const report = await sync({
      walk: () =>
        walk(
          options.upstream,
          { ...EVERYTHING, ...section },
          { workspace, report: (event) => told.push(event) },
        ),
      ...{ workspace, runtime: createHastyRuntime() },
      ...parts,
      report(event) {
        events.push(event)
        parts.report?.(event)
      },
      options: { concurrency, verify, trustExisting, recheck, takeLease, dryRun },
    })
    return { ...report, events, told }
  } finally {
    await workspace.close()
  }
}

export const EVERYTHING = {
  from: 'upstream',
  repositories: { list: 'catalog', include: [], exclude: [] },
  tags: { include: [], exclude: [] },
  platforms: [],
  referrers: false,
  referrersRecheck: 0,
  journal: '/nowhere',
  concurrency: 4,
  requestsPerSecond: 1000,
  maxWait: 1000,
  perRepository: [],
  foreignLayers: 'skip',
} as const

/** Blobs that were asked of a registry, once for each request. */
export function blobRequests({ requests }: MemoryRegistry): string[] {
  return requests.filter((request) => request.startsWith('blob '))
}

/** Everything of the upstream is there, and nothing else under a digest. */
export function expectFilled(bucket: MemoryBucket, { registry }: TestUpstream, count = 9): void {
  expect(expectUnaltered(bucket, registry)).toHaveLength(count)
}

/** Whatever is visible under a digest is what the digest says; gives the keys. */
export function expectUnaltered({ objects }: MemoryBucket, registry: MemoryRegistry): string[] {
  const keys = [...objects.keys()].filter((key) => key.includes('sha256:'))
  for (const key of keys) {
    const original = registry.bytes(key.split('/')[1] as Digest)
    expect(Buffer.compare(objects.get(key)!.bytes, original), key).toBe(0)
  }
  return keys
}

/** Makes a journal look as if the run before had been killed. */
export async function leaveLeaseOfKilled(folder: string): Promise<void> {
  const [lease] = (await readdir(folder)).filter((name) => name.startsWith('lease-'))
  const gone = { ...(await describeThisProcess()), started: '1' }
  const state = { owner: 'other', holder: gone, expiry: 30_000, beat: 9, released: false }
  await writeFile(join(folder, lease!), formatLease(state))
}
