import { crc32 } from 'node:zlib'
import { bundleRegistry } from '../../bundle/bundle-registry.ts'
import type { ManagedCache } from '../../cache/managed-cache.ts'
import { openContentCache } from '../../cache/open-content-cache.ts'
import type { CacheConfig } from '../../config/config.ts'
import type { Runtime } from '../../runtime.ts'
import type { DoorRuntime } from '../../server/runtime.ts'
import { cacheFolder } from '../../storage/fs/cache-folder.ts'
import { filePart } from '../../storage/fs/file-part.ts'
import { openImageLayout } from '../../storage/fs/image-layout.ts'
import { silentLog } from '../../telemetry/log.ts'
import { openUpstreamCredentials } from '../credentials/upstream-credentials.ts'
import { createLegacyStorage } from '../legacy/legacy-storage.ts'
import { createPasswordRuntime } from '../passwords/password-runtime.ts'
import { readSnapshotFile, writeSnapshotFile } from '../ranges/snapshot-file.ts'
import { updateInWorker } from '../ranges/update-in-worker.ts'
import { openBundleFolder } from './open-bundle-folder.ts'
import { createProcessMetrics } from './process-metrics.ts'
import { readRegular } from './regular-file.ts'
import { createNodeRuntime } from './runtime.ts'

/** In bytes, of a list of images. */
const TEXT_MAX = 8 * 1024 * 1024

/** Lends a process, its disk included, to a door. Without a log it says nothing. */
export function createDoorRuntime({
  log = silentLog,
  userAgent = 'portolan',
}: Partial<Pick<Runtime, 'log' | 'userAgent'>> = {}): DoorRuntime {
  const runtime = createNodeRuntime({ log, userAgent })
  return {
    ...runtime,
    openLayout: (folder) =>
      openImageLayout(folder, {
        runtime,
        report: (problem) => log.warn({ ...problem.facts, code: problem.code }, problem.message),
      }),
    openBundle: async (folder) => bundleRegistry(runtime, await openBundleFolder(folder)),
    openCache: (config) => openCacheFolder(runtime, config),
    partOf: filePart,
    readText: (file) => readRegular(file, TEXT_MAX),
    openCredentials: (config) => openUpstreamCredentials(config, { environment: process.env, runtime }),
    passwords: createPasswordRuntime(),
    processMetrics: createProcessMetrics(),
    legacy: createLegacyStorage(),
    ledger: { read: readSnapshotFile, write: writeSnapshotFile },
    ranges: { read: readSnapshotFile, write: writeSnapshotFile, update: updateInWorker, checksum: crc32 },
  }
}

function openCacheFolder(runtime: Runtime, config: CacheConfig): Promise<ManagedCache> {
  return openContentCache(runtime, config, cacheFolder(config.folder, { runtime }))
}
