import { mkdir, open, readdir, rename, rm, rmdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { PortolanError } from '../../errors.ts'
import { type Digest, digestAlgorithm, isVerifiable } from '../../oci/digest.ts'
import { type Descriptor, OCI_INDEX, parseManifest } from '../../oci/manifest.ts'
import type { Name, Tag } from '../../oci/name.ts'
import { formatReference } from '../../oci/reference.ts'
import type { PushedBlob, PushedManifest, PutBlobResult, RepositoryWriter } from '../../registry/writer.ts'
import type { Hash, HashAlgorithm, Runtime } from '../../runtime.ts'
import { nameOf } from './entry-name.ts'
import { contentInvalid, fileSize, readSmallFile, syncFolder } from './files.ts'
import { blobFile } from './layout-files.ts'
import { LEASE_EXPIRY, type Lease, takeLease } from './lease.ts'
import { leaseFile } from './lease-file.ts'
import { makeFolder, unwritable, writeWhole } from './workspace-file.ts'

/** A repository of a layout, as it is written to and asked what it has. */
export interface LayoutWriterRepository extends RepositoryWriter {
  resolve(tag: Tag): Promise<Digest | undefined>
  /** A layout lists referrers by what they say of themselves. */
  listReferrer(): Promise<void>
  /** Gives a manifest that no tag names a place in the list: by its digest alone it would be found by nobody. */
  enter(manifest: PushedManifest): Promise<void>
}

/** How `index.json` may grow; as large as what is read of one. */
const INDEX_MAX_BYTES = 64 * 1024 * 1024
const PARTIAL = '.portolan-partial'
const REF_NAME = 'org.opencontainers.image.ref.name'
const CONTAINERD_NAME = 'io.containerd.image.name'

type LayoutRuntime = Pick<Runtime, 'createHash' | 'random' | 'now' | 'after'>

/**
 * An OCI image layout (OCI image spec 1.1, image-layout.md) that images are copied into: of one folder many repositories,
 * whose entries are named by `HOST/NAME:TAG`, or by `HOST/NAME@DIGEST` where there is no tag. What is in it stays; content is there
 * whole or not at all, and is listed after all that it names. One process at a time writes: the list is one file.
 */
export class WritableLayout {
  readonly location: string
  readonly #runtime: LayoutRuntime
  /** By name, with its tag or digest; referrers by their digest. */
  #entries: Map<string, Descriptor>
  #lease: Lease | undefined
  #writing: Promise<void> = Promise.resolve()

  private constructor(folder: string, runtime: LayoutRuntime, entries: Map<string, Descriptor>) {
    this.location = folder
    this.#runtime = runtime
    this.#entries = entries
  }

  /** Opens a layout, or a folder that is to become one, and writes nothing. Throws `FILE_UNREADABLE` and `CONTENT_INVALID`. */
  static async open(folder: string, runtime: LayoutRuntime): Promise<WritableLayout> {
    return new WritableLayout(folder, runtime, (await readEntries(folder)) ?? new Map())
  }

  /**
   * To be awaited before anything is written. `onWait` is told when somebody has the layout of whom nothing can be seen.
   * Throws `FILE_UNWRITABLE`, naming the process that writes it, and what {@link open} throws.
   */
  async take(onWait: (message: string) => void): Promise<void> {
    const partial = join(this.location, PARTIAL)
    await makeFolder(partial)
    this.#lease = await takeLease(partial, { runtime: this.#runtime, expiry: LEASE_EXPIRY, onWait })
    await this.#clear()
    await writeWhole(join(this.location, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}', false)
    // Another process may have written it since.
    const entries = await readEntries(this.location)
    if (entries === undefined) await this.#list()
    else this.#entries = entries
  }

  /** Removes what one that was killed had on its way. */
  async #clear(): Promise<void> {
    const folder = join(this.location, PARTIAL)
    for (const name of await readdir(folder))
      if (/^sha(?:256|512)-/.test(name)) await rm(join(folder, name), { force: true })
  }

  /** `name` as the list is to have it, with the host before it: equal names at two registries are two. */
  repository(name: Name): LayoutWriterRepository {
    return {
      location: this.location,
      hasBlob: (digest) => this.#has(digest),
      hasManifest: (digest) => this.#has(digest),
      resolve: async (tag) => this.#entries.get(formatReference({ name, tag }))?.digest,
      putBlob: (blob, { signal } = {}) => this.#putBlob(blob, signal),
      putManifest: (reference, manifest) => this.#putManifest(name, reference, manifest),
      listReferrer: async () => {},
      enter: (manifest) => this.#enter(name, manifest),
    }
  }

  async #enter(name: Name, { digest, mediaType, bytes }: PushedManifest): Promise<void> {
    const title = formatReference({ name, digest })
    this.#entries.set(title, entryOf({ mediaType, digest, size: bytes.length }, title))
    await this.#list()
  }

  async #has(digest: Digest): Promise<boolean> {
    return (await fileSize(blobFile(this.location, digest))) !== undefined
  }

  async #putBlob({ digest, size, read }: PushedBlob, signal?: AbortSignal): Promise<PutBlobResult> {
    await this.#write(digest, read(0), size, signal)
    return { how: 'uploaded', sent: size }
  }

  async #putManifest(name: Name, reference: Tag | Digest, { digest, mediaType, bytes }: PushedManifest) {
    if (!(await this.#has(digest)))
      await this.#write(digest, new Blob([new Uint8Array(bytes)]).stream(), bytes.length)
    const descriptor = { mediaType, digest, size: bytes.length }
    if (!reference.includes(':')) {
      const title = formatReference({ name, tag: reference as Tag })
      this.#entries.set(title, entryOf(descriptor, title))
      await this.#list()
    } else if (parseManifest(bytes, `${name}@${digest}`).subject !== undefined) {
      this.#entries.set(digest, descriptor)
      await this.#list()
    }
    return { listsSubject: true }
  }

  /** Writes a content beside its place, and gives it its name when all of it is right. */
  async #write(
    digest: Digest,
    body: ReadableStream<Uint8Array>,
    size: number,
    signal?: AbortSignal,
  ): Promise<void> {
    if (!isVerifiable(digest)) {
      throw new PortolanError('CONTENT_INVALID', `${digest} cannot be verified: only sha256 and sha512 can`)
    }
    const file = blobFile(this.location, digest)
    await this.#lease?.check()
    const chance = this.#runtime.random().toString(36).slice(2)
    const partial = join(this.location, PARTIAL, `${digest.replace(':', '-')}.${chance}`)
    const hash = this.#runtime.createHash(digestAlgorithm(digest) as HashAlgorithm)
    try {
      const length = await writeBody(partial, body, hash, signal)
      const actual = `${digestAlgorithm(digest)}:${hash.hex()}`
      if (actual !== digest || length !== size) {
        throw new PortolanError('CONTENT_INVALID', `${digest} came with ${length} bytes of ${actual}`)
      }
      await mkdir(dirname(file), { recursive: true })
      await rename(partial, file)
      await syncFolder(dirname(file))
    } catch (error) {
      await rm(partial, { force: true })
      if (error instanceof PortolanError || signal?.aborted) throw error
      throw unwritable(file, error)
    }
  }

  /** Writes the list anew, whole: one after the other, each with all that is known by then. */
  #list(): Promise<void> {
    this.#writing = this.#writing.catch(() => {}).then(() => this.#writeList())
    return this.#writing
  }

  async #writeList(): Promise<void> {
    await this.#lease?.check()
    const manifests = [...this.#entries].sort(([one], [other]) => (one < other ? -1 : 1))
    const index = {
      schemaVersion: 2,
      mediaType: OCI_INDEX,
      manifests: manifests.map(([, entry]) => entry),
    }
    await writeWhole(join(this.location, 'index.json'), JSON.stringify(index), true)
  }

  /** Lets others write. */
  async close(): Promise<void> {
    // Whoever waited for it has been told what went wrong.
    await this.#writing.catch(() => {})
    const lease = this.#lease
    if (lease === undefined) return
    await this.#clear()
    await lease.release()
    const folder = join(this.location, PARTIAL)
    await rm(leaseFile(folder, lease.fence), { force: true })
    // Somebody else may be at it already.
    await rmdir(folder).catch(() => {})
  }
}

/** What a layout lists; `undefined` where there is none. */
async function readEntries(folder: string): Promise<Map<string, Descriptor> | undefined> {
  const file = join(folder, 'index.json')
  const bytes = await readSmallFile(file, INDEX_MAX_BYTES)
  if (bytes === undefined) return undefined
  const index = parseManifest(bytes, file, INDEX_MAX_BYTES)
  if (index.kind === 'manifest') throw contentInvalid(file, `${file} is one image; expected an index`)
  return new Map(index.manifests.map((entry) => [keyOf(entry), entry]))
}

async function writeBody(
  file: string,
  body: ReadableStream<Uint8Array>,
  hash: Hash,
  signal: AbortSignal | undefined,
): Promise<number> {
  const handle = await open(file, 'wx')
  try {
    let length = 0
    for await (const piece of body) {
      signal?.throwIfAborted()
      hash.update(piece)
      for (let offset = 0; offset < piece.length; ) {
        const { bytesWritten } = await handle.write(piece, offset)
        offset += bytesWritten
      }
      length += piece.length
    }
    await handle.sync()
    return length
  } finally {
    await handle.close()
  }
}

/** Names an entry for those that read the OCI's annotation, and for containerd. */
function entryOf(descriptor: Descriptor, title: string): Descriptor {
  return { ...descriptor, annotations: { [REF_NAME]: title, [CONTAINERD_NAME]: title } }
}

/** An entry is known by its name, digest and all; one that has none by its digest. */
function keyOf(entry: Descriptor): string {
  return nameOf(entry) ?? entry.digest
}
