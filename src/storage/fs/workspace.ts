import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { PortolanError } from '../../errors.ts'
import { type Digest, isVerifiable, parseDigest } from '../../oci/digest.ts'
import { MANIFEST_MAX_BYTES } from '../../oci/manifest.ts'
import { matchesDigest } from '../../oci/verify.ts'
import type { BegunUpload, Done, KeptManifest, Workspace } from '../workspace.ts'
import { openFencedJournal } from './fenced-journal.ts'
import { readSmallFile } from './files.ts'
import { freeSpaceOf } from './free-space.ts'
import type { JournalState } from './journal.ts'
import { type Lease, type LeaseOptions, takeLease } from './lease.ts'
import { fileName, openSpoolFolder } from './spool-folder.ts'
import { unwritable, writeWhole } from './workspace-file.ts'

const FILE_NAME = /^[a-z0-9][a-z0-9._-]*$/
/** The inventory of millions of digests is far below this. */
const FILE_MAX_BYTES = 1024 * 1024 * 1024
/** RFC 6838, 4.2: 127 characters each side of the slash. */
const MEDIA_TYPE_MAX_BYTES = 256

/**
 * Opens a workspace in a folder, which is made when there is none.
 *
 * Throws `FILE_UNWRITABLE` when another process has it, naming its pid and its host, and when it cannot be written.
 */
export async function openWorkspace(folder: string, options: LeaseOptions): Promise<Workspace> {
  const folders = {
    spools: join(folder, 'spools'),
    manifests: join(folder, 'manifests'),
    files: join(folder, 'files'),
  }
  for (const each of Object.values(folders)) {
    await mkdir(each, { recursive: true }).catch((error) => {
      throw unwritable(each, error)
    })
  }
  const lease = await takeLease(folder, options)
  try {
    return await openLeased(folder, folders, lease)
  } catch (error) {
    await lease.release()
    throw error
  }
}

type Folders = Readonly<Record<'spools' | 'manifests' | 'files', string>>

/** A workspace whose lease this process has. */
async function openLeased(
  folder: string,
  { spools, manifests, files }: Folders,
  lease: Lease,
): Promise<Workspace> {
  const mayBeWritten = lease.predecessor === 'silent'
  for (const each of [manifests, files]) await removeDrafts(each)
  const notes = createNotes()
  // What the one before does until it sees that it has lost the lease is in nobody's notes.
  const journal = await openFencedJournal(folder, 'journal', notes, lease, notes.distrustUploads)
  const spoolFolder = await openSpoolFolder(spools, { owner: lease.owner, mayBeWritten })
  const append = async (note: Note, durable: boolean) => {
    await lease.check()
    await journal.append(note, durable)
  }
  const keep = async (file: string, bytes: Uint8Array, durable: boolean) => {
    await lease.check()
    await writeWhole(file, bytes, durable, lease.owner)
  }
  const fileOf = (name: string) => {
    if (!FILE_NAME.test(name)) throw new PortolanError('USAGE', `${name} is no name of a file`, { name })
    return join(files, name)
  }
  return {
    lost: lease.lost,
    inOrder: lease.predecessor === 'none' || lease.predecessor === 'released',
    check: () => lease.check(),
    manifest: async (digest) =>
      isVerifiable(digest) ? readManifest(join(manifests, fileName(digest)), digest) : undefined,
    async keepManifest(digest, { mediaType, bytes }) {
      const text = Buffer.concat([Buffer.from(`${mediaType}\n`), bytes])
      // Not durable: what a crash leaves of it does not match its digest.
      if (isVerifiable(digest)) await keep(join(manifests, fileName(digest)), text, false)
    },
    async spool(digest) {
      await lease.check()
      return spoolFolder.open(digest, async () => {
        const isSent = notes.uploads.values().some((begun) => begun.has(digest))
        if (isSent) await append({ emptied: digest }, true)
      })
    },
    async tidySpools(wanted) {
      await lease.check()
      await spoolFolder.tidy(wanted)
    },
    upload: (store, digest) => notes.uploads.get(store)?.get(digest),
    saveUpload: (store, digest, state) => append({ upload: digest, store, state }, false),
    endUpload: async (store, digest) => {
      if (notes.uploads.get(store)?.has(digest)) await append({ ended: digest, store }, false)
    },
    done: (store) => notes.done.get(store) ?? NOTHING,
    noteDone: (store, digest, done) => append({ done: digest, store, ...done }, true),
    settle: async (store) => {
      if (notes.done.has(store)) await append({ settled: store }, true)
    },
    file: (name) => readSmallFile(fileOf(name), FILE_MAX_BYTES),
    keepFile: (name, bytes) => keep(fileOf(name), bytes, true),
    free: () => freeSpaceOf(folder),
    async close() {
      await journal.close()
      await lease.release()
    },
  }
}

/** What a crash left of files that were being written. */
async function removeDrafts(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (name.endsWith('.draft')) await rm(join(folder, name), { force: true })
  }
}

const NOTHING: ReadonlyMap<Digest, Done> = new Map()

/** One line of the journal. */
type Note =
  | ({ readonly done: Digest; readonly store: string } & Done)
  | { readonly settled: string }
  | ({ readonly upload: Digest; readonly store: string } & BegunUpload)
  | { readonly ended: Digest; readonly store: string }
  /** Of a blob's spool, before it takes in bytes from the first one on. */
  | { readonly emptied: Digest }

/** What the lines of a journal come to. */
interface Notes extends JournalState<Note> {
  readonly done: ReadonlyMap<string, ReadonlyMap<Digest, Done>>
  /** By digest, by store. */
  readonly uploads: ReadonlyMap<string, ReadonlyMap<Digest, BegunUpload>>
  /** Takes all that was sent by others for other bytes than those that are in the spools now. */
  distrustUploads(): void
}

function createNotes(): Notes {
  const done = new Map<string, Map<Digest, Done>>()
  const uploads = new Map<string, Map<Digest, BegunUpload>>()
  return {
    done,
    uploads,
    read(line) {
      const {
        store,
        done: digest,
        size,
        mediaType,
        settled,
        upload,
        state,
        stale,
        ended,
        emptied,
      } = Object(line)
      if (typeof settled === 'string') done.delete(settled)
      for (const begun of isDigest(emptied) ? uploads.values() : []) {
        const before = begun.get(emptied)
        if (before !== undefined) begun.set(emptied, { ...before, stale: true })
      }
      if (typeof store !== 'string') return
      if (isDigest(digest) && Number.isSafeInteger(size)) {
        of(done, store).set(digest, { size, ...(typeof mediaType === 'string' && { mediaType }) })
      }
      if (isDigest(upload) && typeof state === 'string') {
        of(uploads, store).set(upload, { state, ...(stale === true && { stale }) })
      }
      if (isDigest(ended)) uploads.get(store)?.delete(ended)
    },
    distrustUploads() {
      for (const begun of uploads.values()) {
        for (const [digest, upload] of begun) begun.set(digest, { ...upload, stale: true })
      }
    },
    *lines() {
      for (const [store, digests] of done) {
        for (const [digest, noted] of digests) yield { done: digest, store, ...noted }
      }
      for (const [store, begun] of uploads) {
        for (const [digest, upload] of begun) yield { upload: digest, store, ...upload }
      }
    },
  }
}

function isDigest(value: unknown): value is Digest {
  return typeof value === 'string' && parseDigest(value) !== undefined
}

function of<Key, Value>(maps: Map<string, Map<Key, Value>>, store: string): Map<Key, Value> {
  const found = maps.get(store) ?? new Map<Key, Value>()
  maps.set(store, found)
  return found
}

async function readManifest(file: string, digest: Digest): Promise<KeptManifest | undefined> {
  const text = await readSmallFile(file, MANIFEST_MAX_BYTES + MEDIA_TYPE_MAX_BYTES)
  const end = text?.indexOf(0x0a) ?? -1
  if (text === undefined || end < 0) return undefined
  const bytes = new Uint8Array(text.subarray(end + 1))
  if (!(await matchesDigest(bytes, digest))) return undefined
  return { mediaType: new TextDecoder().decode(text.subarray(0, end)), bytes }
}
