import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { type Digest, digestAlgorithm, digestEncoded } from '../../oci/digest.ts'
import { MANIFEST_MAX_BYTES } from '../../oci/manifest.ts'
import { type FileRange, openFileRange } from './file-range.ts'
import { contentInvalid, fileSize, readSmallFile, realFileBelow } from './files.ts'

/** The files of an image layout beside its contents (OCI image spec 1.1, image-layout.md). */
export const LAYOUT_FILES = { layout: 'oci-layout', index: 'index.json' } as const

/** `index.json` is the list of all tags: far more than a registry would take as one manifest. */
export const LAYOUT_INDEX_MAX_BYTES: number = 64 * 1024 * 1024

/**
 * The files of one image layout, by their paths in it: in a folder, or in an archive. What is not there is `undefined`.
 * All of it throws `FILE_UNREADABLE`, and `CONTENT_INVALID` for what has another size than is expected.
 */
export interface LayoutFiles {
  /** The folder, or the archive. */
  readonly location: string
  /** How to name a file to people. */
  nameOf(path: string): string
  /** A whole file. */
  read(path: string, maxBytes: number): Promise<Uint8Array | undefined>
  size(path: string): Promise<number | undefined>
  /** Bytes of a file of `size` bytes. */
  open(path: string, range: FileRange): Promise<ReadableStream<Uint8Array> | undefined>
}

/** Where an image layout keeps the content of a digest (OCI image spec 1.1, image-layout.md, "Blobs"). */
export function contentPath(digest: Digest): string {
  return `blobs/${digestAlgorithm(digest)}/${digestEncoded(digest)}`
}

/** The same as a file of the layout's folder. */
export function blobFile(folder: string, digest: Digest): string {
  return join(folder, contentPath(digest))
}

/** The files of a layout in a folder; no link leads them out of `root`. */
export function folderFiles(folder: string, root: string = folder): LayoutFiles {
  const real = (path: string) => realFileBelow(root, join(folder, path))
  return {
    location: folder,
    nameOf: (path) => join(folder, path),
    async read(path, maxBytes) {
      const file = await real(path)
      return file === undefined ? undefined : readSmallFile(file, maxBytes)
    },
    async size(path) {
      const file = await real(path)
      return file === undefined ? undefined : fileSize(file)
    },
    async open(path, range) {
      const file = await real(path)
      return file === undefined ? undefined : openFileRange(file, range)
    },
  }
}

/** Reads a manifest and checks it against its digest, which must be sha256 or sha512; `undefined` when it is not there. */
export async function readManifestFile(files: LayoutFiles, digest: Digest): Promise<Uint8Array | undefined> {
  const path = contentPath(digest)
  const bytes = await files.read(path, MANIFEST_MAX_BYTES)
  if (bytes === undefined) return undefined
  const actual = createHash(digestAlgorithm(digest)).update(bytes).digest('hex')
  if (actual !== digestEncoded(digest)) {
    const name = files.nameOf(path)
    throw contentInvalid(name, `${name} was altered: its digest is ${digestAlgorithm(digest)}:${actual}`)
  }
  return bytes
}
