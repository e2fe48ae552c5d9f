import { PortolanError } from '../errors.ts'
import { BUNDLE_ENTRIES, BUNDLE_INDEX_MAX_BYTES, type BundleIndex, parseBundleIndex } from './form.ts'
import { readPax, readTarBlock, TAR_BLOCK, tarPadding } from './tar.ts'
import type { BundleStream } from './write-bundle.ts'

/** What stands before the first content of a bundle. */
export interface BundleHead {
  readonly index: BundleIndex
  /** The bytes of `bundle.json`. */
  readonly bytes: Uint8Array<ArrayBuffer>
  /** Bytes of all of it. */
  readonly length: number
}

/**
 * Reads the index of a bundle whose first bytes are there; `undefined` when it does not end there. Throws
 * `CONTENT_INVALID` for what is no bundle.
 */
export async function readHead(
  stream: Pick<BundleStream, 'length' | 'read'>,
  source: string,
): Promise<BundleHead | undefined> {
  let found: Omit<BundleHead, 'length'> | undefined
  let extended: ReturnType<typeof readPax> = {}
  for (let position = 0; ; ) {
    if (position + TAR_BLOCK > stream.length) return undefined
    const block = readTarBlock(await stream.read(position, position + TAR_BLOCK), source)
    if (block.kind === 'end') return found && { ...found, length: position }
    const { size } = { ...block, ...extended }
    const isContent = block.kind === 'file' && (extended.path ?? block.path).startsWith('blobs/')
    if (found !== undefined && (block.kind === 'pax' || isContent)) return { ...found, length: position }
    const start = position + TAR_BLOCK
    position = start + size + tarPadding(size).length
    if (position > stream.length) return undefined
    if (size > BUNDLE_INDEX_MAX_BYTES) throw invalid(`${source} begins with an entry of ${size} bytes`)
    if (block.kind === 'pax') extended = readPax(await stream.read(start, start + size), source)
    else {
      extended = {}
      if (isContent)
        throw invalid(`${source} is no bundle: it has no ${BUNDLE_ENTRIES.bundle} at its beginning`)
      if (block.path !== BUNDLE_ENTRIES.bundle) continue
      const bytes = new Uint8Array(await stream.read(start, start + size))
      found = { bytes, index: parseBundleIndex(bytes, `${source}: ${BUNDLE_ENTRIES.bundle}`) }
    }
  }
}

function invalid(message: string): PortolanError {
  return new PortolanError('CONTENT_INVALID', message)
}
