import type { Dirent } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Name, parseName } from '../../oci/name.ts'
import { contentInvalid, unlessAbsent, unreadable } from './files.ts'

/** A folder with an `oci-layout` file. */
export interface LayoutFolder {
  readonly folder: string
  /** Its path below the root, which is the name of its repository; absent for the root itself. */
  readonly name?: Name
  /** Changes whenever `index.json` is replaced or written to. */
  readonly version: string
}

/** More folders than any registry's names; what lies beyond was not meant to be one. */
const MAX_FOLDERS = 100_000

/**
 * Finds the image layouts of a root: the root alone if it is one, else every layout below it. Folders that cannot be
 * part of a repository name are passed by, with all below them, and so are symbolic links.
 *
 * Throws `FILE_UNREADABLE`, and `CONTENT_INVALID` when there are none or too many folders.
 */
export async function findLayouts(root: string): Promise<readonly LayoutFolder[]> {
  const found: LayoutFolder[] = []
  const pending: { folder: string; name?: Name }[] = [{ folder: root }]
  for (const next of pending) {
    const entries = await list(next.folder)
    const isLayout = entries.some((entry) => entry.name === 'oci-layout')
    if (isLayout) found.push({ ...next, version: await versionOf(next.folder) })
    if (isLayout && next.name === undefined) break
    for (const entry of entries) {
      if (!entry.isDirectory() || (isLayout && entry.name === 'blobs')) continue
      const name = parseName(next.name === undefined ? entry.name : `${next.name}/${entry.name}`)
      if (name !== undefined) pending.push({ folder: join(next.folder, entry.name), name })
    }
    if (pending.length > MAX_FOLDERS) {
      throw contentInvalid(
        root,
        `${root} has more than ${MAX_FOLDERS} folders; is it a tree of image layouts?`,
      )
    }
  }
  if (found.length === 0) {
    throw contentInvalid(
      root,
      `${root} is not an OCI image layout: neither it nor a folder below it has "oci-layout"`,
    )
  }
  return found
}

async function list(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true })
  } catch (error) {
    throw unreadable(folder, error)
  }
}

async function versionOf(folder: string): Promise<string> {
  const path = join(folder, 'index.json')
  const found = await unlessAbsent(path, stat(path, { bigint: true }))
  return found === undefined ? 'absent' : `${found.mtimeNs}:${found.size}:${found.ino}`
}
