import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { BundleIndex } from '../bundle/form.ts'
import { PARTS_MAX, partName, partNumber } from '../bundle/form.ts'
import { PortolanError } from '../errors.ts'
import { readSmallFile } from '../storage/fs/files.ts'
import { freeSpaceOf } from '../storage/fs/free-space.ts'
import { SlicedFile } from '../storage/fs/sliced-file.ts'
import { makeFolder, writeWhole } from '../storage/fs/workspace-file.ts'
import { formatBytes } from './format-quantity.ts'
import { usage } from './sync-parts.ts'

/** What a bundle is asked to be: another run goes on with one only when it is asked for the same. */
export interface BundleRequest {
  readonly images: readonly string[]
  readonly partSize: number | null
  readonly platforms: readonly string[]
  readonly referrers: boolean
  readonly since: string | null
  readonly signed: boolean
}

/** Beside the parts as long as the bundle is not whole: what was asked for. */
const UNFINISHED = 'bundle.unfinished'
const UNFINISHED_MAX_BYTES = 64 * 1024 * 1024

/** A folder that a bundle is written into. */
export interface BundleOutput {
  readonly stream: SlicedFile
  /**
   * To be called before anything is written. Throws `FILE_UNWRITABLE` when the disk has no place for what is to come, and
   * `USAGE` for too many parts.
   */
  begin(index: BundleIndex, from: number): Promise<void>
  /** All is written: makes it outlive a crash of the machine, and nobody goes on with it any more. */
  finish(): Promise<void>
}

/**
 * Opens a folder for a bundle: one without parts, or one where the same export was begun. Throws `USAGE` for one that has
 * another bundle, and `FILE_UNREADABLE` when parts of what was begun are missing.
 */
export async function openBundleOutput(folder: string, request: BundleRequest): Promise<BundleOutput> {
  await makeFolder(folder)
  const file = join(folder, UNFINISHED)
  const wanted = `${JSON.stringify({ version: 1, ...request })}\n`
  const begun = await readSmallFile(file, UNFINISHED_MAX_BYTES)
  const hasParts = (await readdir(folder)).some((name) => partNumber(name) !== undefined)
  if (hasParts && begun === undefined)
    throw usage(`${folder} has a bundle: choose another folder, or delete what is in it`)
  if (hasParts && new TextDecoder().decode(begun) !== wanted)
    throw usage(
      `${folder} has the beginning of another bundle: give the same words again, or delete what is in it`,
    )
  const size = request.partSize ?? undefined
  const stream = await SlicedFile.open(folder, { nameOf: partName, numberOf: partNumber, size })
  return {
    stream,
    async begin({ length }, from) {
      const parts = size === undefined ? 1 : Math.ceil(length / size)
      if (parts > PARTS_MAX)
        throw usage(`${length} bytes would be ${parts} parts of ${size}; there may be ${PARTS_MAX}`)
      const free = await freeSpaceOf(folder)
      if (free === undefined || free.bytes >= length - from) {
        if (!hasParts) await writeWhole(file, wanted, true)
        return
      }
      const message = `${folder} has no place for the bundle: ${formatBytes(length - from)} are to come, and ${formatBytes(free.bytes)} are free`
      throw new PortolanError('FILE_UNWRITABLE', message, { folder })
    },
    async finish() {
      await stream.finish()
      await rm(file, { force: true })
    },
  }
}
