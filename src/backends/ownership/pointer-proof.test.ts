import { beforeAll, expect, it } from 'vitest'
import { makeKey } from '../../../test/support/inventory.ts'
import { type InventoryPointer, pointerStatement } from '../../inventory/pointer.ts'
import type { Digest } from '../../oci/digest.ts'
import type { ProvenInventory } from './ownership.ts'
import { importPrivateKey, importPublicKey, type OwnershipKey, signBytes } from './ownership-key.ts'
import { faultBesideProof, faultOfPointer } from './pointer-proof.ts'

const NOW = Date.parse('2026-11-27T09:00:00Z')
const STATED = { store: 'paris', issued: NOW - 1000 }
const POINTER: InventoryPointer = {
  at: NOW - 5000,
  digest: `sha256:${'ab'.repeat(32)}` as Digest,
  count: 7,
  bytes: 400,
}

let publicKey: OwnershipKey
let signed: InventoryPointer

beforeAll(async () => {
  const key = makeKey()
  publicKey = await importPublicKey(key.publicKey)
  const privateKey = await importPrivateKey(key.privatePem, 'test')
  const signature = await signBytes(pointerStatement(POINTER, STATED), privateKey)
  signed = { ...POINTER, proof: { ...STATED, signature } }
})

it.each<[string, (pointer: InventoryPointer) => InventoryPointer, string | undefined]>([
  ['as it was signed', (pointer) => pointer, undefined],
  ['without a signature', () => POINTER, undefined],
  [
    'with another file',
    (pointer) => ({ ...pointer, digest: `sha256:${'cd'.repeat(32)}` as Digest }),
    'signature',
  ],
  ['with another count', (pointer) => ({ ...pointer, count: 8 }), 'signature'],
  ['of another date', (pointer) => ({ ...pointer, at: NOW }), 'signature'],
  [
    'for another store',
    (pointer) => ({ ...pointer, proof: { ...pointer.proof!, store: 'iowa' } }),
    'signature',
  ],
])('the signature of a pointer %s', async (_, change, fault) => {
  const found = await faultOfPointer(change(signed), { publicKey, store: 'paris', now: NOW })
  if (fault === undefined) expect(found).toBeUndefined()
  else expect(found).toContain(fault)
})

it('a pointer that was copied from another store of the same operator is refused', async () => {
  expect(await faultOfPointer(signed, { publicKey, store: 'iowa', now: NOW })).toBe(
    'it is of the store "paris", not of "iowa"',
  )
})

it('a pointer of a time to come is refused', async () => {
  expect(await faultOfPointer(signed, { publicKey, store: 'paris', now: NOW - 3_600_000 })).toContain(
    'which is yet to come',
  )
})

it.each<[string, { issued?: number; inventory?: ProvenInventory }, string | undefined]>([
  ['that names it', { issued: NOW, inventory: POINTER.digest }, undefined],
  ['of the first version', { issued: NOW }, undefined],
  [
    'that names another',
    { issued: NOW, inventory: `sha256:${'cd'.repeat(32)}` as Digest },
    `it names ${POINTER.digest}, and the proof of ownership of 2026-11-27T09:00:00.000Z goes with sha256:${'cd'.repeat(32)}`,
  ],
  ['that names none', { issued: NOW, inventory: 'none' }, 'goes with no inventory'],
])('a pointer beside a proof %s', (_, proof, fault) => {
  const found = faultBesideProof(POINTER, proof)
  if (fault === undefined) expect(found).toBeUndefined()
  else expect(found).toContain(fault)
})
