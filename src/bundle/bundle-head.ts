import { PortolanError } from '../errors.ts'
import {
  readPax,
  readTarBlock,
  TAR_BLOCK,
  TAR_END,
  type TarEntry,
  tarHeader,
  tarPadding,
} from '../internal/tar.ts'
import { type Digest, digestAlgorithm, digestEncoded, isVerifiable } from '../oci/digest.ts'
import { MANIFEST_MAX_BYTES } from '../oci/manifest.ts'
import type { ByteReader } from './byte-reader.ts'
import {
  BUNDLE_ENTRIES,
  BUNDLE_INDEX_MAX_BYTES,
  type BundleContent,
  type BundleIndex,
  parseBundleIndex,
} from './form.ts'

/** What stands before the contents of a bundle. */
export interface BundleHead {
  readonly index: BundleIndex
  /** The bytes of `bundle.json`, which a signature is about and a receipt names. */
  readonly bytes: Uint8Array<ArrayBuffer>
  /** The bytes of `index.json`. */
  readonly list: Uint8Array<ArrayBuffer>
  /** In base64. */
  readonly signature?: string
}

const LAYOUT_MAX_BYTES = 4096
const LIST_MAX_BYTES = 64 * 1024 * 1024
const SIGNATURE_MAX_BYTES = 1024
/** Far beyond what the names and sizes of a bundle need. */
const EXTENDED_MAX_BYTES = 64 * 1024

/**
 * Reads the head of a bundle, and checks that its index says of the contents what can be: where each begins, how large it
 * is. The reader stands before the first content then. Throws `CONTENT_INVALID`.
 */
export async function readBundleHead(reader: ByteReader): Promise<BundleHead> {
  await takeEntry(reader, BUNDLE_ENTRIES.layout, LAYOUT_MAX_BYTES)
  const list = await takeEntry(reader, BUNDLE_ENTRIES.index, LIST_MAX_BYTES)
  const bytes = await takeEntry(reader, BUNDLE_ENTRIES.bundle, BUNDLE_INDEX_MAX_BYTES)
  const index = parseBundleIndex(bytes, `${BUNDLE_ENTRIES.bundle} of ${reader.where}`)
  // A signature is what makes the first content begin farther behind.
  const isSigned = firstHeaderAt(index) > reader.position
  const signature = isSigned
    ? await takeEntry(reader, BUNDLE_ENTRIES.signature, SIGNATURE_MAX_BYTES)
    : undefined
  checkPlaces(index, reader)
  return {
    ...{ index, bytes, list },
    ...(signature && { signature: new TextDecoder().decode(signature).trim() }),
  }
}

/** The header of the entry of a content, which ends where its bytes begin: they are where any image layout has them. */
export function headerOf({ digest, size }: Pick<BundleContent, 'digest' | 'size'>): Uint8Array<ArrayBuffer> {
  return tarHeader({ path: `blobs/${digestAlgorithm(digest)}/${digestEncoded(digest)}`, size })
}

/** Where the bytes of a content and what fills up their last block end. */
export function paddedEnd({ offset, size }: Pick<BundleContent, 'offset' | 'size'>): number {
  return offset + size + tarPadding(size).length
}

/** Where the first content's header begins, or the end of the archive. */
function firstHeaderAt({ contents: [first], length }: BundleIndex): number {
  return first === undefined ? length - TAR_END.length : first.offset - headerOf(first).length
}

/** Each content once, right behind the one before it, and of a digest that can be checked. */
function checkPlaces(index: BundleIndex, { position, where }: ByteReader): void {
  const wrong = (what: string) =>
    new PortolanError('CONTENT_INVALID', `${BUNDLE_ENTRIES.bundle} of ${where}: ${what}`, { source: where })
  const seen = new Set<Digest>()
  let at = position
  for (const content of index.contents) {
    const { digest, size, offset, mediaType } = content
    if (!isVerifiable(digest)) throw wrong(`${digest} cannot be checked: only sha256 and sha512 can`)
    if (seen.has(digest)) throw wrong(`${digest} is in it twice`)
    seen.add(digest)
    const expected = at + headerOf(content).length
    if (offset !== expected) throw wrong(`${digest} begins at byte ${offset}; expected ${expected}`)
    if (mediaType !== undefined && size > MANIFEST_MAX_BYTES)
      throw wrong(`the manifest ${digest} has ${size} bytes; expected at most ${MANIFEST_MAX_BYTES}`)
    at = paddedEnd(content)
  }
  const length = at + TAR_END.length
  if (index.length !== length) throw wrong(`it says that ${index.length} bytes are all; expected ${length}`)
}

async function takeEntry(
  reader: ByteReader,
  path: string,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const entry = await takeHeader(reader)
  if (entry.path !== path || entry.size > maxBytes) {
    const found = `${JSON.stringify(entry.path)} of ${entry.size} bytes`
    const message = `${reader.where} is no bundle: ${found} stands where ${path} of at most ${maxBytes} should be`
    throw new PortolanError('CONTENT_INVALID', message, { source: reader.where })
  }
  const bytes = await reader.take(entry.size)
  await takeZeros(reader, tarPadding(entry.size).length, path)
  return bytes
}

async function takeHeader(reader: ByteReader): Promise<TarEntry> {
  let extended: Partial<TarEntry> = {}
  for (;;) {
    const block = readTarBlock(await reader.take(TAR_BLOCK), reader.where)
    if (block.kind === 'end') return { path: '', size: 0 }
    if (block.kind === 'file') return { path: block.path, size: block.size, ...extended }
    if (block.kind !== 'pax' || block.size > EXTENDED_MAX_BYTES)
      throw new PortolanError(
        'CONTENT_INVALID',
        `${reader.where} has an entry that is no file: no bundle has`,
      )
    extended = readPax(await reader.take(block.size), reader.where)
    await reader.take(tarPadding(block.size).length)
  }
}

/** Takes what fills up a block. Throws `CONTENT_INVALID` where it is something else. */
export async function takeZeros(reader: ByteReader, count: number, behind: string): Promise<void> {
  if ((await reader.take(count)).every((byte) => byte === 0)) return
  const message = `${reader.where} was altered behind ${behind}, at byte ${reader.position - count} or later`
  throw new PortolanError('CONTENT_INVALID', message, { position: reader.position })
}
