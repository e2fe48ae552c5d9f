import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addresses, edgesOf, prefixes } from '../../test/support/prefixes.ts'
import { parseAddress } from './address.ts'
import { crc32 } from './crc32.ts'
import { formatPrefix, parsePrefix } from './prefix.ts'
import { decodeSnapshot, encodeSnapshot } from './prefix-snapshot.ts'
import { NODE, NODE_HEADER, RUN } from './prefix-table.ts'
import { buildPrefixTable } from './prefix-table-builder.ts'

const PLACES = {
  '10.0.0.0/8': 'somewhere',
  '10.0.0.9': 'elsewhere',
  '10.1.0.0/20': 'near',
  '10.1.200.0/24': 'far',
  '2001:db8::/32': 'six',
  '2001:db8::1': 'one',
}
const METADATA = { sources: [{ id: 'a', date: '2026-07-29' }] }
const ENTRIES = Object.entries(PLACES).map(([text, value]) => ({ prefix: parsePrefix(text), value }))
const table = buildPrefixTable(ENTRIES)
const snapshot = encodeSnapshot(table, METADATA)

/** Where the parts of the table are: the root of IPv4, the node of 10.1.0.0/16 with its one run, the last link. */
const code = (position: number, kind: number) => position * 256 + kind
const isOf = (kind: number) => (cell: number) => (cell & 255) === kind
const ROOT = table.cells[0]! >>> 8
const INNER = table.cells[ROOT + NODE_HEADER + 1]! >>> 8
const RUN_CELL = table.cells.findIndex(isOf(RUN))
const RUN_AT = table.cells[RUN_CELL]! >>> 8
const LAST_LINK = table.cells.findLastIndex(isOf(NODE))

/** The snapshot with some bytes changed, as `change` does, and made to look undamaged again. */
function forged(change: (view: DataView, cells: Uint32Array) => void): Uint8Array {
  const bytes = snapshot.slice()
  const view = new DataView(bytes.buffer)
  change(view, new Uint32Array(bytes.buffer, bytes.length - table.cells.byteLength))
  view.setUint32(16, crc32(bytes.subarray(20)), true)
  return bytes
}

function faultOf(bytes: Uint8Array): string {
  try {
    decodeSnapshot(bytes)
  } catch (error) {
    expect(error).toMatchObject({ code: 'SNAPSHOT_INVALID' })
    return String((error as { facts: { fault: string } }).facts.fault)
  }
  return 'none'
}

describe('a snapshot', () => {
  it('gives back the table and what was said about it', () => {
    const entries = fc.uniqueArray(fc.record({ prefix: prefixes(), value: fc.jsonValue() }), {
      maxLength: 20,
      selector: ({ prefix }) => formatPrefix(prefix),
    })
    fc.assert(
      fc.property(entries, fc.jsonValue(), (entries, metadata) => {
        const table = buildPrefixTable(entries)
        const decoded = decodeSnapshot(encodeSnapshot(table, metadata))
        expect(JSON.stringify(decoded.metadata)).toBe(JSON.stringify(metadata))
        for (const address of entries.flatMap(({ prefix }) => edgesOf(prefix))) {
          expect(JSON.stringify(decoded.table.match(address))).toBe(JSON.stringify(table.match(address)))
        }
      }),
    )
  })

  it('is read wherever it lies in memory', () => {
    for (const offset of [0, 1, 2, 3]) {
      const memory = new Uint8Array(snapshot.length + 8)
      memory.set(snapshot, offset)
      const { table } = decodeSnapshot(memory.subarray(offset, offset + snapshot.length))
      expect(table.lookup(parseAddress('10.1.200.1')!)).toBe('far')
    }
  })

  it('is not copied into memory again when it is aligned', () => {
    expect(decodeSnapshot(snapshot).table.cells.buffer).toBe(snapshot.buffer)
  })

  it('reads its values as the caller wants them', () => {
    const { table } = decodeSnapshot(snapshot, (value) =>
      typeof value === 'string' ? { name: value } : undefined,
    )
    expect(table.lookup(parseAddress('10.0.0.9')!)?.name).toBe('elsewhere')
  })

  it('is refused when the caller does not accept a value', () => {
    expect(() => decodeSnapshot(snapshot, (value) => (value === 'six' ? undefined : value))).toThrow(
      expect.objectContaining({
        code: 'SNAPSHOT_INVALID',
        message: 'this is not a usable range snapshot: it has a value that cannot be used: "six"',
      }),
    )
  })

  it('is refused with any byte changed', () => {
    for (let at = 0; at < snapshot.length; at++) {
      for (const change of [0x01, 0x80, 0xff]) {
        const bytes = snapshot.slice()
        bytes[at]! ^= change
        expect(faultOf(bytes), `byte ${at}`).not.toBe('none')
      }
    }
  })

  it('is refused when it ends early, wherever', () => {
    for (let length = 0; length < snapshot.length; length++) {
      expect(faultOf(snapshot.slice(0, length)), `${length} bytes`).toMatch(/truncated|does not begin/)
    }
  })

  it.each([
    ['a web page', new TextEncoder().encode('<!doctype html>'), 'it does not begin with "PORTOLAN"'],
    ['empty', new Uint8Array(), 'it does not begin with "PORTOLAN"'],
    ['cut in its header', snapshot.slice(0, 20), 'it is truncated: 20 bytes are there'],
    [
      'cut',
      snapshot.slice(0, -1),
      `it is truncated: ${snapshot.length - 1} of ${snapshot.length} bytes are there`,
    ],
    ['too long', Uint8Array.of(...snapshot, 0), '1 bytes follow its end'],
    [
      'of another version',
      forged((view) => view.setUint16(8, 2, true)),
      'it has version 2, and only version 1 can be read',
    ],
    ['big-endian', forged((view) => view.setUint16(10, 0x4542, true)), 'it is not little-endian'],
    ['damaged', Uint8Array.from(snapshot, (byte, at) => byte ^ Number(at === 30)), 'its checksum is wrong'],
    ['all JSON', forged((view) => view.setUint32(20, 2 ** 32 - 1, true)), 'its parts do not fill it'],
    ['of half a value', forged((view) => view.setUint32(20, 40, true)), 'its values are not JSON'],
    ['of something else', forged((view) => view.setUint32(24, 0x20202020, true)), 'its values are not JSON'],
  ])('is refused when it is %s', (_, bytes, fault) => {
    expect(faultOf(bytes)).toBe(fault)
  })

  it('is refused without a list of values', () => {
    const bytes = encodeSnapshot(buildPrefixTable<string>([]), null)
    const text = new TextDecoder('latin1').decode(bytes)
    bytes.set(new TextEncoder().encode('VALUES'), text.indexOf('values'))
    new DataView(bytes.buffer).setUint32(16, crc32(bytes.subarray(20)), true)
    expect(faultOf(bytes)).toBe('it has no list of values')
  })

  it.each([
    ['no roots', 0, 0, 'it has no roots'],
    ['a node outside the table', 1, code(9999, NODE), 'no node is at 9999'],
    ['nodes in a circle', ROOT + NODE_HEADER, code(ROOT, NODE), `no node is at ${ROOT}`],
    ['slots outside the table', ROOT + 2, 2 ** 32 - 1, `no node is at ${ROOT}`],
    ['a node below the last digit', INNER + 3, code(RUN_AT, NODE), `there is no such code at ${INNER + 3}`],
    ['a node that nothing leads to', LAST_LINK, 0, `nothing leads to ${table.cells[LAST_LINK]! >>> 8}`],
    ['a value that is not listed', INNER + 3, code(7, 8), `there is no such code at ${INNER + 3}`],
    ['a prefix without a value', INNER + 3, 8, `there is no such code at ${INNER + 3}`],
    ['a length that IPv4 has not', INNER + 3, code(1, 33), `there is no such code at ${INNER + 3}`],
    ['a run where none may be', INNER + 3, code(RUN_AT, RUN), `there is no such code at ${INNER + 3}`],
    ['a run within a run', RUN_AT + 3, code(RUN_AT, RUN), `there is no such code at ${RUN_AT + 3}`],
    ['a run outside the table', RUN_CELL, code(9999, RUN), 'no run is at 9999'],
    ['a run that is too long', RUN_AT, 2 ** 31, `no run is at ${RUN_AT}`],
    ['a run out of order', RUN_AT + 1, 0xffff, `the run at ${RUN_AT} is not in order`],
  ])('is refused when its table has %s', (_, cell, value, fault) => {
    expect(faultOf(forged((_, cells) => cells.fill(value, cell, cell + 1)))).toBe(
      `its table is inconsistent: ${fault}`,
    )
  })

  it('that is accepted leads no lookup astray, whoever made it', () => {
    const cell = fc.nat(table.cells.length - 1)
    const value = fc.oneof(
      fc.nat(2 ** 32 - 1),
      fc
        .tuple(fc.nat(table.cells.length), fc.constantFrom(0, 8, 32, 128, RUN, NODE))
        .map((pair) => code(...pair)),
    )
    fc.assert(
      fc.property(cell, value, fc.array(addresses(), { minLength: 1 }), (cell, value, others) => {
        const bytes = forged((_, cells) => cells.fill(value, cell, cell + 1))
        if (faultOf(bytes) !== 'none') return
        const { table } = decodeSnapshot(bytes)
        for (const address of [...ENTRIES.flatMap(({ prefix }) => edgesOf(prefix)), ...others]) {
          expect([undefined, ...Object.values(PLACES)]).toContain(table.lookup(address))
        }
      }),
      { numRuns: 1000 },
    )
  })
})

it('goes by the checksum of a runtime that has one', () => {
  const bytes = encodeSnapshot(buildPrefixTable<string>([]), null)
  expect(() => decodeSnapshot(bytes, String, () => 0)).toThrow('its checksum is wrong')
})
