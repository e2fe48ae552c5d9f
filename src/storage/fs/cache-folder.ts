import { mkdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { CacheDisk, CacheVolume, RecordedLines } from '../../cache/disk.ts'
import { ContentFolder } from './content-folder.ts'
import { openFencedJournal } from './fenced-journal.ts'
import { unreadable } from './files.ts'
import { FolderSync } from './folder-sync.ts'
import type { Journal } from './journal.ts'
import { LEASE_EXPIRY, type Lease, type LeaseOptions, takeLease } from './lease.ts'
import { leaseFile } from './lease-file.ts'
import { openContent } from './open-content.ts'
import { PartialContents } from './partial-contents.ts'
import { unwritable } from './workspace-file.ts'

/** What a disk is tried with: more than is left over for names alone. */
const PROBE = new Uint8Array(256 * 1024)

/** A folder for a cache: `blobs` has contents, `partial` what is on its way, beside them what is recorded. */
export function cacheFolder(folder: string, { runtime }: Pick<LeaseOptions, 'runtime'>): CacheDisk {
  return {
    location: folder,
    async mount(records, onWait) {
      await make(folder)
      const lease = await takeLease(folder, { runtime, onWait, expiry: LEASE_EXPIRY })
      try {
        return await openLeased(folder, records, lease)
      } catch (error) {
        await lease.release().catch(() => {})
        throw error
      }
    },
  }
}

async function make(folder: string): Promise<void> {
  for (const each of [folder, join(folder, 'blobs'), join(folder, 'partial')]) {
    await mkdir(each, { recursive: true }).catch((error) => {
      throw unwritable(each, error)
    })
  }
}

async function openLeased(folder: string, records: RecordedLines, lease: Lease): Promise<CacheVolume> {
  const folders = new FolderSync()
  const contents = new ContentFolder(join(folder, 'blobs'), folders)
  const partials = new PartialContents(join(folder, 'partial'), lease.owner)
  const orUnreadable = (error: unknown) => {
    throw unreadable(folder, error)
  }
  const foundPartials = await partials.adopt(lease.predecessor).catch(orUnreadable)
  const foundContents = await contents.list().catch(orUnreadable)
  let journal: Journal<object> = await openFencedJournal(folder, 'records', records, lease)
  return {
    contents: foundContents,
    partials: foundPartials,
    lost: lease.lost,
    async probe() {
      await lease.check()
      // It may have been removed with the lease in it, and made anew by others: nothing else says so.
      await stat(leaseFile(folder, lease.fence)).catch((error) => {
        throw unwritable(folder, error)
      })
      await rm(await partials.draft(PROBE), { force: true })
    },
    async partial(digest) {
      await lease.check()
      return partials.open(digest)
    },
    async commit(digest) {
      await lease.check()
      await partials.sync(digest)
      await contents.take(partials.file(digest), digest)
    },
    removePartial: (digest) => partials.remove(digest),
    async write(digest, bytes) {
      await lease.check()
      await contents.take(await partials.draft(bytes), digest)
    },
    open: (digest) => openContent(contents.file(digest), `blobs/${contents.path(digest)}`),
    remove: (digest) => contents.remove(digest),
    mark: (digest, times) => contents.mark(digest, times),
    record: (line) => journal.append(line, false),
    async rewriteRecords() {
      const old = journal
      journal = await openFencedJournal(folder, 'records', { read() {}, lines: () => records.lines() }, lease)
      await old.close().catch(() => {})
    },
    async close() {
      await journal.close().catch(() => {})
      await lease.release()
    },
  }
}
