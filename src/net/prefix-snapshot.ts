import { PortolanError } from '../errors.ts'
import { crc32 } from './crc32.ts'
import { PrefixTable } from './prefix-table.ts'
import { faultInCells } from './prefix-table-check.ts'

/** A table, and what its maker said about it, such as its sources and their dates. */
export interface Snapshot<V> {
  readonly table: PrefixTable<V>
  readonly metadata: unknown
}

/*
 * The bytes of a snapshot; all numbers are little-endian.
 *
 *    0  "PORTOLAN"
 *    8  version, 16 bits
 *   10  "LE"
 *   12  bytes of the whole, 32 bits
 *   16  CRC-32 of all bytes from 20 on
 *   20  bytes of the JSON, 32 bits
 *   24  JSON in UTF-8: {"metadata": …, "values": […]}, then zeros up to a multiple of 4
 *       the cells of the table, 32 bits each, to the end
 */
const MAGIC = 'PORTOLAN'
const VERSION = 1
const BYTE_ORDER = 'LE'
const CHECKED_START = 20
const JSON_START = 24

const hostIsLittleEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1

/** Writes a table and what is to be said about it; both its values and that must survive JSON. */
export function encodeSnapshot<V>(table: PrefixTable<V>, metadata: unknown): Uint8Array {
  const encoder = new TextEncoder()
  const json = encoder.encode(JSON.stringify({ metadata, values: table.values.slice(1) }))
  const cellsStart = aligned(JSON_START + json.length)
  const bytes = new Uint8Array(cellsStart + table.cells.byteLength)
  const view = new DataView(bytes.buffer)
  encoder.encodeInto(MAGIC, bytes)
  view.setUint16(8, VERSION, true)
  encoder.encodeInto(BYTE_ORDER, bytes.subarray(10))
  view.setUint32(12, bytes.length, true)
  view.setUint32(20, json.length, true)
  bytes.set(json, JSON_START)
  table.cells.forEach((cell, at) => {
    view.setUint32(cellsStart + at * 4, cell, true)
  })
  view.setUint32(16, crc32(bytes.subarray(CHECKED_START)), true)
  return bytes
}

/**
 * Reads what {@link encodeSnapshot} wrote. The table looks things up in `bytes` itself, so they must not change any more.
 * `readValue` reads each value from JSON and returns `undefined` for one that it does not accept; `checksum` is the CRC-32
 * of a runtime that has a quicker one.
 *
 * Throws `SNAPSHOT_INVALID`, saying what is wrong. The checksum finds damage, not forgery.
 */
export function decodeSnapshot(bytes: Uint8Array): Snapshot<unknown>
export function decodeSnapshot<V>(
  bytes: Uint8Array,
  readValue: (value: unknown) => V | undefined,
  checksum?: (bytes: Uint8Array) => number,
): Snapshot<V>
export function decodeSnapshot(
  bytes: Uint8Array,
  readValue = (value: unknown) => value,
  checksum = crc32,
): Snapshot<unknown> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  if (textAt(bytes, 0, MAGIC.length) !== MAGIC) throw invalid(`it does not begin with "${MAGIC}"`)
  if (bytes.length < JSON_START) throw invalid(`it is truncated: ${bytes.length} bytes are there`)
  const version = view.getUint16(8, true)
  if (version !== VERSION) throw invalid(`it has version ${version}, and only version ${VERSION} can be read`)
  if (textAt(bytes, 10, BYTE_ORDER.length) !== BYTE_ORDER) throw invalid('it is not little-endian')
  const length = view.getUint32(12, true)
  if (bytes.length < length) throw invalid(`it is truncated: ${bytes.length} of ${length} bytes are there`)
  if (bytes.length > length) throw invalid(`${bytes.length - length} bytes follow its end`)
  if (view.getUint32(16, true) !== checksum(bytes.subarray(CHECKED_START)))
    throw invalid('its checksum is wrong')

  const jsonEnd = JSON_START + view.getUint32(20, true)
  const cellsStart = aligned(jsonEnd)
  if (cellsStart > length || length % 4 !== 0) throw invalid('its parts do not fill it')
  const { metadata, values } = parseJson(textAt(bytes, JSON_START, jsonEnd - JSON_START))
  const cells = cellsAt(bytes, cellsStart)
  const fault = faultInCells(cells, values.length)
  if (fault !== undefined) throw invalid(`its table is inconsistent: ${fault}`)
  const read = values.map((value) => {
    const accepted = readValue(value)
    if (accepted === undefined) throw invalid(`it has a value that cannot be used: ${JSON.stringify(value)}`)
    return accepted
  })
  return { table: new PrefixTable(cells, read), metadata }
}

function parseJson(text: string): { metadata: unknown; values: unknown[] } {
  let json: { metadata?: unknown; values?: unknown } | null
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw invalid('its values are not JSON', cause)
  }
  const values = json?.values
  if (!Array.isArray(values)) throw invalid('it has no list of values')
  return { metadata: json?.metadata, values }
}

/** A view of the cells where alignment and byte order allow one, else a copy. */
function cellsAt(bytes: Uint8Array, start: number): Uint32Array {
  const length = (bytes.length - start) / 4
  const offset = bytes.byteOffset + start
  if (hostIsLittleEndian && offset % 4 === 0) return new Uint32Array(bytes.buffer, offset, length)
  const view = new DataView(bytes.buffer, offset)
  return Uint32Array.from({ length }, (_, cell) => view.getUint32(cell * 4, true))
}

function textAt(bytes: Uint8Array, start: number, length: number): string {
  return new TextDecoder().decode(bytes.subarray(start, start + length))
}

function aligned(offset: number): number {
  return Math.ceil(offset / 4) * 4
}

function invalid(fault: string, cause?: unknown): PortolanError {
  return new PortolanError(
    'SNAPSHOT_INVALID',
    `this is not a usable range snapshot: ${fault}`,
    { fault },
    cause,
  )
}
