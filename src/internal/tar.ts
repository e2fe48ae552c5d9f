import { PortolanError } from '../errors.ts'
import { joinedBytes } from './joined-bytes.ts'

/** What the header of a tar entry says; its bytes follow, padded to whole blocks. */
export interface TarEntry {
  readonly path: string
  /** Bytes. */
  readonly size: number
}

/**
 * A block of a header: a file; what is no file, such as a folder or a link, with its type; what the next entry is called
 * and how large it is (POSIX's pax), or its name alone (GNU's); what says nothing of that; or the end of the archive.
 */
export type TarBlock =
  | ({ readonly kind: 'file' } & TarEntry)
  | ({ readonly kind: 'other'; readonly type: string } & TarEntry)
  | { readonly kind: 'pax' | 'name' | 'aside'; readonly size: number }
  | { readonly kind: 'end' }

/** Everything in a tar archive begins at a multiple of so many bytes. */
export const TAR_BLOCK = 512
/** Two empty blocks end an archive. */
export const TAR_END: Uint8Array<ArrayBuffer> = new Uint8Array(2 * TAR_BLOCK)

const PATH_BYTES = 100
/** The first size that eleven octal digits cannot say. */
const SIZE_LIMIT = 8 ** 11
/** Links, devices, folders and pipes have no bytes, whatever their headers say. */
const WITHOUT_BYTES = '123456'
const text = new TextEncoder()

/**
 * The header of a file of an archive in POSIX's pax format (IEEE Std 1003.1, pax, "pax Interchange Format"): owner,
 * permissions and time are the same for all, so that the same files give the same bytes. What ustar cannot say, a path of
 * more than 100 bytes and a size from 8 GiB on, stands in an extended header before it.
 */
export function tarHeader({ path, size }: TarEntry): Uint8Array<ArrayBuffer> {
  const records = [
    ...(text.encode(path).length > PATH_BYTES ? [paxRecord('path', path)] : []),
    ...(size >= SIZE_LIMIT ? [paxRecord('size', `${size}`)] : []),
  ]
  const header = block(path, size >= SIZE_LIMIT ? 0 : size, '0')
  if (records.length === 0) return header
  const extended = text.encode(records.join(''))
  return joinedBytes([
    block('PaxHeaders/entry', extended.length, 'x'),
    extended,
    tarPadding(extended.length),
    header,
  ])
}

/** What fills up the last block of so many bytes. */
export function tarPadding(size: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array((TAR_BLOCK - (size % TAR_BLOCK)) % TAR_BLOCK)
}

/**
 * Reads one block where a header stands, of whatever tool: POSIX's ustar, GNU's, and older ones; `where` names the archive in
 * errors. What {@link readPax} says of the entry counts more. Throws `CONTENT_INVALID` for a block that is none.
 */
export function readTarBlock(bytes: Uint8Array, where: string): TarBlock {
  if (bytes.every((byte) => byte === 0)) return { kind: 'end' }
  const sum = Number.parseInt(field(bytes, 148, 8), 8)
  if (sum !== checksum(bytes)) throw invalid(`${where} is no tar archive where a header should be`)
  const size = readSize(bytes)
  if (size === undefined) throw invalid(`${where} has an entry whose size cannot be read`)
  const type = field(bytes, 156, 1)
  const path = readPath(bytes)
  if (type === 'x') return { kind: 'pax', size }
  if (type === 'L') return { kind: 'name', size }
  if (type === 'K' || type === 'g') return { kind: 'aside', size }
  // Before POSIX a folder was a file whose name ends so.
  const isFile = ['0', '7', ''].includes(type) && !path.endsWith('/')
  if (isFile) return { kind: 'file', path, size }
  return { kind: 'other', type, path, size: WITHOUT_BYTES.includes(type) ? 0 : size }
}

/** In octal digits, or, as GNU's tar writes what they cannot say, as a number of twelve bytes with the first bit set. */
function readSize(bytes: Uint8Array): number | undefined {
  const digits = field(bytes, 124, 12)
  if (/^[0-7]+$/.test(digits)) return Number.parseInt(digits, 8)
  if (bytes[124] !== 0x80) return undefined
  const size = bytes.subarray(125, 136).reduce((sum, byte) => sum * 256 + byte, 0)
  return Number.isSafeInteger(size) ? size : undefined
}

/** POSIX's headers have the front of a long path in a field of its own; GNU's have something else there. */
function readPath(bytes: Uint8Array): string {
  const isPosix = latin1(bytes.subarray(257, 263)) === 'ustar\0'
  const front = isPosix ? field(bytes, 345, 155) : ''
  return `${front && `${front}/`}${field(bytes, 0, PATH_BYTES)}`
}

/**
 * Reads the records of an extended header: what of path and size is to be taken from them; others are passed by. Throws
 * `CONTENT_INVALID`.
 */
export function readPax(bytes: Uint8Array, where: string): Partial<TarEntry> {
  const found: { path?: string; size?: number } = {}
  for (let at = 0; at < bytes.length; ) {
    const [, length = ''] = /^(\d{1,6}) /.exec(latin1(bytes.subarray(at, at + 8))) ?? []
    const record = bytes.subarray(at + length.length + 1, at + Number(length))
    const equals = record.indexOf(0x3d)
    if (equals < 1 || record.at(-1) !== 0x0a || at + Number(length) > bytes.length)
      throw invalid(`${where} has an extended header that cannot be read`)
    const [key, value] = [record.subarray(0, equals), record.subarray(equals + 1, -1)].map((part) =>
      new TextDecoder().decode(part),
    )
    if (key === 'path') found.path = value!
    if (key === 'size') {
      if (!/^\d{1,15}$/.test(value!)) throw invalid(`${where} has an entry whose size cannot be read`)
      found.size = Number(value)
    }
    at += Number(length)
  }
  return found
}

/** A record says how long it is, those digits included. */
function paxRecord(key: string, value: string): string {
  const rest = text.encode(` ${key}=${value}\n`).length
  let length = rest + 1
  while (`${length}`.length + rest !== length) length = `${length}`.length + rest
  return `${length} ${key}=${value}\n`
}

function block(path: string, size: number, type: '0' | 'x'): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(TAR_BLOCK)
  const put = (value: string, at: number) => bytes.set(text.encode(value), at)
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, '0')}\0`
  bytes.set(text.encode(path).subarray(0, PATH_BYTES))
  put(octal(0o644, 7), 100)
  put(octal(0, 7), 108) // owner
  put(octal(0, 7), 116) // group
  put(octal(size, 11), 124)
  put(octal(0, 11), 136) // time
  put(type, 156)
  put('ustar\x0000', 257)
  put(`${octal(checksum(bytes), 6)} `, 148)
  return bytes
}

/** The sum of all bytes, those of the sum itself counted as blanks. */
function checksum(bytes: Uint8Array): number {
  return bytes.reduce((sum, byte, at) => sum + (at >= 148 && at < 156 ? 0x20 : byte), 0)
}

function field(bytes: Uint8Array, at: number, length: number): string {
  const [value = ''] = latin1(bytes.subarray(at, at + length)).split('\0', 1)
  return value.trim()
}

function latin1(bytes: Uint8Array): string {
  return new TextDecoder('latin1').decode(bytes)
}

function invalid(message: string): PortolanError {
  return new PortolanError('CONTENT_INVALID', message)
}
