import { expect, it } from 'vitest'
import type { Digest } from '../oci/digest.ts'
import { INVENTORY_MAX_BYTES } from './format.ts'
import { inventoryFile, inventoryPath } from './paths.ts'
import {
  formatInventoryPointer,
  type InventoryPointer,
  parseInventoryPointer,
  pointerStatement,
} from './pointer.ts'

const DIGEST = `sha256:${'ab'.repeat(32)}` as Digest
const POINTER: InventoryPointer = {
  at: Date.parse('2026-11-22T20:00:00.000Z'),
  digest: DIGEST,
  count: 100_000,
  bytes: 4_000_088,
}
const JSON_OF: Readonly<Record<string, unknown>> = JSON.parse(
  new TextDecoder().decode(formatInventoryPointer(POINTER)),
)

it('a pointer says which inventory there is, of when, and how large', () => {
  expect(JSON_OF).toEqual({
    version: 2,
    at: '2026-11-22T20:00:00.000Z',
    file: `inventory-${'ab'.repeat(32)}.bin`,
    digest: DIGEST,
    count: 100_000,
    bytes: 4_000_088,
  })
  expect(parseInventoryPointer(formatInventoryPointer(POINTER))).toEqual(POINTER)
  expect(inventoryPath(DIGEST)).toBe(`portolan/${inventoryFile(DIGEST)}`)
})

it('a pointer of the first version is read', () => {
  expect(parseInventoryPointer(bytesOf(JSON.stringify({ ...JSON_OF, version: 1 })))).toEqual(POINTER)
})

it('a pointer says which inventory was before, and who signed it for which store', () => {
  const proof = { store: 'paris', issued: POINTER.at + 1, signature: btoa('x'.repeat(64)) }
  const signed = { ...POINTER, previous: `sha256:${'cd'.repeat(32)}` as Digest, proof }
  expect(parseInventoryPointer(formatInventoryPointer(signed))).toEqual(signed)
  expect(new TextDecoder().decode(pointerStatement(signed, proof))).toBe(
    `portolan inventory 2\nparis\n2026-11-22T20:00:00.001Z\n2026-11-22T20:00:00.000Z\n${DIGEST}\n100000\n4000088\n`,
  )
})

it.each<[string, unknown]>([
  ['no object', []],
  ['of another version', { ...JSON_OF, version: 3 }],
  ['of the first version with what only the second has', { ...JSON_OF, version: 1, previous: DIGEST }],
  ['with a previous one that is no digest', { ...JSON_OF, previous: 'x' }],
  ['with a proof without a signature', { ...JSON_OF, proof: { store: 'paris', issued: JSON_OF.at } }],
  [
    'with a store of two lines',
    { ...JSON_OF, proof: { store: 'a\nb', issued: JSON_OF.at, signature: btoa('x'.repeat(64)) } },
  ],
  ['without a version', { ...JSON_OF, version: undefined }],
  ['with a file of another digest', { ...JSON_OF, file: `inventory-${'cd'.repeat(32)}.bin` }],
  ['with a file elsewhere', { ...JSON_OF, file: `../${JSON_OF.file}` }],
  ['with a digest of another algorithm', { ...JSON_OF, digest: `sha512:${'ab'.repeat(64)}` }],
  ['with a digest that is none', { ...JSON_OF, digest: 'sha256:../../etc/passwd' }],
  ['with a date in other words', { ...JSON_OF, at: 'yesterday' }],
  ['with a date before all dates', { ...JSON_OF, at: '1969-12-31T00:00:00.000Z' }],
  ['with a negative count', { ...JSON_OF, count: -1 }],
  ['with half a count', { ...JSON_OF, count: 0.5 }],
  ['with more bytes than are allowed', { ...JSON_OF, bytes: INVENTORY_MAX_BYTES + 1 }],
  ['with a key that is not known', { ...JSON_OF, path: 'x' }],
])('a pointer is refused that is %s', (_, document) => {
  expect(() => parseInventoryPointer(bytesOf(JSON.stringify(document)))).toThrow(
    expect.objectContaining({ code: 'CONTENT_INVALID' }),
  )
})

it.each([
  ['nothing', new Uint8Array()],
  ['a page', bytesOf('<html>')],
  ['no UTF-8', Uint8Array.of(0x22, 0xff, 0x22)],
  ['more than a pointer can be', bytesOf(`${JSON.stringify(JSON_OF)}${' '.repeat(4096)}`)],
])('a pointer is refused that is %s', (_, bytes) => {
  expect(() => parseInventoryPointer(bytes)).toThrow(expect.objectContaining({ code: 'CONTENT_INVALID' }))
})

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
