import type { CacheConfig } from '../config/config.ts'
import type { Runtime } from '../runtime.ts'
import type { CacheDisk } from './disk.ts'
import { DiskCache } from './disk-cache.ts'
import type { ManagedCache } from './managed-cache.ts'

/**
 * Opens what a mirror keeps. With a disk that fails it opens all the same, and takes it as soon as it can. Rejects with
 * `FILE_UNWRITABLE` when another process has the disk, naming it.
 */
export async function openContentCache(
  runtime: Runtime,
  config: Pick<CacheConfig, 'size' | 'scrub'>,
  disk: CacheDisk,
): Promise<ManagedCache> {
  const cache = new DiskCache(runtime, config, disk)
  await cache.begin()
  return cache
}
