import { partName, partNumber } from '../../bundle/form.ts'
import { type OpenedBundle, openBundle } from '../../bundle/open-bundle.ts'
import { openNumberedFiles } from '../../storage/fs/numbered-files.ts'

/** Opens the bundle whose parts are in a folder. Throws `FILE_UNREADABLE`, and `CONTENT_INVALID` when it is none. */
export async function openBundleFolder(folder: string): Promise<OpenedBundle> {
  return openBundle(await openNumberedFiles(folder, { nameOf: partName, numberOf: partNumber }))
}
