import { PortolanError } from '../errors.ts'
import type { NumberedFiles } from '../storage/numbered-files.ts'
import { type BundleHead, readBundleHead } from './bundle-head.ts'
import { BundleParts } from './bundle-parts.ts'
import { ByteReader } from './byte-reader.ts'
import { partName } from './form.ts'

/** A bundle whose parts are at hand. */
export interface OpenedBundle extends BundleHead {
  /** How to name it to people, such as a folder. */
  readonly location: string
  readonly parts: BundleParts
}

/**
 * Opens a bundle by its first part; what of the others is missing or wrong is found when it is verified or read. Throws
 * `FILE_UNREADABLE`, and `CONTENT_INVALID` when it is none or has no first part.
 */
export async function openBundle(files: NumberedFiles): Promise<OpenedBundle> {
  const { location, sizes } = files
  const first = sizes.get(1)
  if (first === undefined) {
    const others =
      sizes.size === 0 ? 'there is no part of a bundle' : 'the first part of a bundle is not there'
    const message = `${location}: ${others}; expected ${partName(1)}`
    throw new PortolanError('CONTENT_INVALID', message, { path: location })
  }
  // How large parts are stands in the index, which may itself lie in several; the first is right or verified to be wrong.
  const guessed = new BundleParts(files, sizes.size > 1 ? first : null)
  const total = sizes.values().reduce((sum, size) => sum + size, 0)
  const reader = new ByteReader(guessed.stream(0, total), location)
  try {
    const head = await readBundleHead(reader)
    return { ...head, location, parts: new BundleParts(files, head.index.partSize) }
  } finally {
    await reader.close()
  }
}
