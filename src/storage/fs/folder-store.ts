import type { Dirent } from 'node:fs'
import { lstat, mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import type { Digest } from '../../oci/digest.ts'
import type { Runtime } from '../../runtime.ts'
import { emptyBody } from '../driver/body.ts'
import type { Action } from '../driver/failure.ts'
import { compareKeys } from '../driver/listing.ts'
import { readSmall } from '../driver/small-object.ts'
import type { FreeSpace } from '../free-space.ts'
import type {
  ByteRange,
  ObjectHeaders,
  ObjectInfo,
  ObjectStore,
  Upload,
  UploadResume,
  VersionedObject,
} from '../object-store.ts'
import { openFileRange } from './file-range.ts'
import { syncFolder } from './files.ts'
import { codeOf, folderError, folderMissing } from './folder-failure.ts'
import { keyFile, PARTIAL_FOLDER } from './folder-key.ts'
import { FolderUpload } from './folder-upload.ts'
import { freeSpaceOf } from './free-space.ts'
import { contentVersion, oneAtATime } from './one-at-a-time.ts'
import { PartialFiles } from './partial-file.ts'
import { makePartialFolder } from './partial-folder.ts'
import { requirePlainParents } from './plain-parents.ts'

/** What a folder needs of a runtime: chance for names, and time to wait for who else is at a file. */
type FolderRuntime = Pick<Runtime, 'random' | 'now' | 'after'>

/** A folder as a store. A file system keeps no content types, so that none is ever told. */
export class FolderStore implements ObjectStore {
  readonly location: string
  readonly keepsConditions = true
  readonly takesFiles = true
  readonly #runtime: FolderRuntime
  /** Where uploads lie, as the config says it; absent for beside the folder. */
  readonly #partial: string | undefined
  /** Stands in the names of uploads. */
  readonly #owner: string
  #partials: Promise<Partials> | undefined

  constructor(folder: string, runtime: FolderRuntime, partial?: string) {
    const { random } = runtime
    this.location = folder
    this.#runtime = runtime
    this.#partial = partial
    this.#owner = [random(), random()].map((chance) => chance.toString(36).slice(2, 14)).join('')
  }

  stat(key: string): Promise<ObjectInfo | undefined> {
    const file = keyFile(this.location, key)
    return this.#unlessAbsent('look up', key, async () => {
      await requirePlainParents(this.location, key)
      // A link leads to where keys must not.
      const found = await lstat(file)
      return found.isFile() ? { key, size: found.size, modified: found.mtimeMs } : undefined
    })
  }

  async get(key: string, range?: ByteRange): Promise<ReadableStream<Uint8Array> | undefined> {
    const file = keyFile(this.location, key)
    const found = await this.stat(key)
    if (found === undefined) return undefined
    const { start, end } = { start: 0, end: found.size, ...range }
    if (start >= Math.min(end, found.size)) return emptyBody()
    return this.#unlessAbsent('read', key, () =>
      openFileRange(file, { size: found.size, start, end: Math.min(end, found.size) }),
    )
  }

  async put(key: string, bytes: Uint8Array, headers: ObjectHeaders, digest?: Digest): Promise<boolean> {
    const upload = await this.upload(key, bytes.length, headers, digest && { digest, save() {} })
    try {
      await upload.write(bytes)
      return await upload.commit()
    } catch (error) {
      await upload.abort()
      throw error
    }
  }

  async read(key: string, limit: number): Promise<VersionedObject | undefined> {
    const body = await this.get(key)
    if (body === undefined) return undefined
    const bytes = await readSmall(body, { location: this.location, key, limit })
    return { bytes, version: contentVersion(bytes) }
  }

  async replace(
    key: string,
    bytes: Uint8Array,
    headers: ObjectHeaders,
    version: string | undefined,
  ): Promise<boolean> {
    try {
      await this.#requireFolder()
      await requirePlainParents(this.location, key)
      const { folder } = await this.#openPartials()
      return await oneAtATime(folder, this.#runtime, async (lease) => {
        const found = await this.read(key, Number.POSITIVE_INFINITY)
        if (found?.version !== version) return false
        await lease.check()
        await this.put(key, bytes, headers)
        return true
      })
    } catch (error) {
      throw folderError(this.location, 'write', key, error)
    }
  }

  async upload(key: string, size: number, _: ObjectHeaders, resume?: UploadResume): Promise<Upload> {
    const target = keyFile(this.location, key)
    try {
      await this.#requireFolder()
      await requirePlainParents(this.location, key)
      const { files } = await this.#openPartials()
      const partial = await files.create(resume?.state, resume?.file)
      const { digest, file: whole } = resume ?? {}
      const facts = { folder: this.location, key, size, partial, digest, model: whole?.path }
      const upload = await FolderUpload.open(facts, async () => {
        await requirePlainParents(this.location, key)
        await publish(partial.file, target)
      })
      // Once: the length of the file says the rest.
      await resume?.save(partial.name)
      return upload
    } catch (error) {
      throw folderError(this.location, 'write', key, error)
    }
  }

  async *list(prefix: string): AsyncGenerator<ObjectInfo> {
    try {
      await this.#requireFolder()
      yield* this.#walk('', prefix)
    } catch (error) {
      throw folderError(this.location, 'list', prefix, error)
    }
  }

  async delete(key: string): Promise<void> {
    const file = keyFile(this.location, key)
    await this.#unlessAbsent('delete', key, async () => {
      await requirePlainParents(this.location, key)
      await rm(file)
    })
  }

  free(): Promise<FreeSpace | undefined> {
    return freeSpaceOf(this.location)
  }

  async close(): Promise<void> {}

  /** Once that it went well; nothing is made before something is written. */
  #openPartials(): Promise<Partials> {
    this.#partials ??= makePartialFolder(this.location, this.#partial).then(
      (folder) => ({ folder, files: new PartialFiles(folder, this.#owner) }),
      (error) => {
        this.#partials = undefined
        throw error
      },
    )
    return this.#partials
  }

  /** Depth first, so that keys come in the order of their bytes: a folder stands where its name with a slash would. */
  async *#walk(folder: string, prefix: string): AsyncGenerator<ObjectInfo> {
    const entries = await entriesOf(join(this.location, folder))
    const named = entries
      .filter((entry) => entry.isFile() || entry.isDirectory())
      .map((entry) => ({ entry, key: `${folder}${entry.name}${entry.isDirectory() ? '/' : ''}` }))
      .filter(({ key }) => key.startsWith(prefix) || (key.endsWith('/') && prefix.startsWith(key)))
      .filter(({ key }) => key !== `${PARTIAL_FOLDER}/`)
    for (const { entry, key } of named.sort((a, b) => compareKeys(a.key, b.key))) {
      if (entry.isDirectory()) yield* this.#walk(key, prefix)
      else {
        const found = await this.stat(key)
        if (found !== undefined) yield found
      }
    }
  }

  async #unlessAbsent<T>(action: Action, key: string, operation: () => Promise<T>): Promise<T | undefined> {
    try {
      return await operation()
    } catch (error) {
      if (isAbsent(error)) {
        await this.#requireFolder()
        return undefined
      }
      throw folderError(this.location, action, key, error)
    }
  }

  async #requireFolder(): Promise<void> {
    const found = await stat(this.location).catch((error) => {
      if (isAbsent(error)) throw folderMissing(this.location)
      throw folderError(this.location, 'look up', '', error)
    })
    if (!found.isDirectory()) throw folderMissing(this.location)
  }
}

/** Where uploads lie, and what makes their files. */
interface Partials {
  readonly folder: string
  readonly files: PartialFiles
}

/** Gives a whole file its name, which is in its folder; the names of folders that were made are in those above. */
async function publish(file: string, target: string): Promise<void> {
  const folder = dirname(target)
  const made = await mkdir(folder, { recursive: true })
  await rename(file, target)
  await syncFolder(folder)
  const above = made === undefined ? 0 : relative(dirname(made), folder).split(sep).length
  for (let each = folder, level = 0; level < above; level++) {
    each = dirname(each)
    await syncFolder(each)
  }
}

/** Nothing when the folder is gone: it was there a moment ago. */
async function entriesOf(folder: string): Promise<readonly Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true })
  } catch (error) {
    if (isAbsent(error)) return []
    throw error
  }
}

/** Nothing of that name, or a file where the key has a folder. */
function isAbsent(error: unknown): boolean {
  return codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR'
}
