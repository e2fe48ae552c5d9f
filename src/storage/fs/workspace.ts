import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { PortolanError } from '../../errors.ts'
import { type Digest, isVerifiable, parseDigest } from '../../oci/digest.ts'
import { MANIFEST_MAX_BYTES } from '../../oci/manifest.ts'
import { matchesDigest } from '../../oci/verify.ts'
import type { BegunUpload, Done, KeptManifest, Workspace } from '../workspace.ts'
import { readSmallFile } from './files.ts'
import { type JournalState, openJournal } from './journal.ts'
import { openSpool } from './spool.ts'
import { unwritable, writeWhole } from './workspace-file.ts'
import { takeLock } from './workspace-lock.ts'

const FILE_NAME = /^[a-z0-9][a-z0-9._-]*$/
/** The inventory of millions of digests is far below this. */
const FILE_MAX_BYTES = 1024 * 1024 * 1024
/** RFC 6838, 4.2: 127 characters each side of the slash. */
const MEDIA_TYPE_MAX_BYTES = 256

/**
 * Opens a workspace in a folder, which is made when there is none.
 *
 * Throws `FILE_UNWRITABLE` when another process has it, naming its pid, and when it cannot be written.
 */
export async function openWorkspace(folder: string): Promise<Workspace> {
  const spools = join(folder, 'spools')
  const manifests = join(folder, 'manifests')
  const files = join(folder, 'files')
  for (const each of [spools, manifests, files]) {
    await mkdir(each, { recursive: true }).catch((error) => {
      throw unwritable(each, error)
    })
  }
  const unlock = await takeLock(folder)
  try {
    const notes = createNotes()
    const { append, close } = await openJournal(join(folder, 'journal.jsonl'), notes)
    const fileOf = (name: string) => {
      if (!FILE_NAME.test(name)) throw new PortolanError('USAGE', `${name} is no name of a file`, { name })
      return join(files, name)
    }
    return {
      manifest: async (digest) =>
        isVerifiable(digest) ? readManifest(join(manifests, fileName(digest)), digest) : undefined,
      async keepManifest(digest, { mediaType, bytes }) {
        const text = Buffer.concat([Buffer.from(`${mediaType}\n`), bytes])
        // Not durable: what a crash leaves of it does not match its digest.
        if (isVerifiable(digest)) await writeWhole(join(manifests, fileName(digest)), text, false)
      },
      spool: (digest) =>
        openSpool(join(spools, fileName(digest)), async () => {
          const isSent = notes.uploads.values().some((begun) => begun.has(digest))
          if (isSent) await append({ emptied: digest }, true)
        }),
      tidySpools: (wanted) => tidy(spools, wanted),
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
      keepFile: (name, bytes) => writeWhole(fileOf(name), bytes, true),
      async close() {
        await close()
        await unlock()
      },
    }
  } catch (error) {
    await unlock()
    throw error
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

/** Deletes the spools that nobody will go on with. */
async function tidy(spools: string, wanted: (digest: Digest) => boolean): Promise<void> {
  for (const name of await readdir(spools)) {
    const digest = parseDigest(name.replace('-', ':'))
    if (digest === undefined || !wanted(digest)) await rm(join(spools, name), { force: true })
  }
}

/** A colon is no part of a file's name on Windows; the first "-" takes its place. */
function fileName(digest: Digest): string {
  return digest.replace(':', '-')
}
