import { partName, partNumber } from '../../bundle/form.ts'
import { type OpenedBundle, openBundle } from '../../bundle/open-bundle.ts'
import { PortolanError } from '../../errors.ts'
import { openFileRange } from '../../storage/fs/file-range.ts'
import { fileSize } from '../../storage/fs/files.ts'
import { openNumberedFiles } from '../../storage/fs/numbered-files.ts'

/** Opens the bundle whose parts are in a folder. Throws `FILE_UNREADABLE`, and `CONTENT_INVALID` when it is none. */
export async function openBundleFolder(folder: string): Promise<OpenedBundle> {
  return openBundle(await openNumberedFiles(folder, { nameOf: partName, numberOf: partNumber }))
}

/** Opens an archive that is all of a bundle; `undefined` for any other file. Throws `FILE_UNREADABLE`. */
export async function openBundleFile(file: string): Promise<OpenedBundle | undefined> {
  const size = await fileSize(file)
  if (size === undefined) return undefined
  try {
    const bundle = await openBundle({
      location: file,
      sizes: new Map([[1, size]]),
      open: (_, start, end, options) => openFileRange(file, { ...options, size, start, end }),
    })
    return bundle.index.length === size ? bundle : undefined
  } catch (error) {
    if (error instanceof PortolanError && error.code === 'CONTENT_INVALID') return undefined
    throw error
  }
}
