import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { makeKey, signFirstProof } from '../../../test/support/inventory.ts'
import { findPrograms } from '../../../test/support/programs.ts'
import type { Digest } from '../../oci/digest.ts'
import { OWNERSHIP_MAX_BYTES, type OwnershipDemand, signOwnership, verifyOwnership } from './ownership.ts'
import { importPrivateKey, importPublicKey, type OwnershipKey } from './ownership-key.ts'

const DAY = 86_400_000
const ISSUED = Date.parse('2026-11-22T20:00:00.000Z')
const KEY = makeKey()
const URL = 'https://paris.test/images'
const INVENTORY = `sha256:${'ab'.repeat(32)}` as Digest
const STATED = { store: 'paris', url: URL, issued: ISSUED, inventory: INVENTORY }

let privateKey: OwnershipKey
let demand: OwnershipDemand
let proof: Uint8Array<ArrayBuffer>

beforeAll(async () => {
  privateKey = await importPrivateKey(KEY.privatePem, 'the key')
  const publicKey = await importPublicKey(KEY.publicKey)
  demand = { store: 'paris', storeUrl: URL, publicKey, maxAge: 30 * DAY, now: ISSUED + DAY }
  proof = await signOwnership(STATED, privateKey)
})

const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
const changed = (change: object) => bytesOf(JSON.stringify({ ...JSON.parse(textOf(proof)), ...change }))

describe('a proof of ownership', () => {
  it('holds for the store that it names, as long as it is young enough', async () => {
    const proven = { kind: 'proven', issued: ISSUED, inventory: INVENTORY }
    expect(await verifyOwnership(proof, demand)).toEqual(proven)
    const last = { ...demand, now: ISSUED + 30 * DAY }
    expect(await verifyOwnership(proof, last)).toEqual(proven)
  })

  it('holds as it was written before it named an inventory, at whatever URL', async () => {
    const first = await signFirstProof(KEY, 'paris', ISSUED)
    const elsewhere = { ...demand, storeUrl: 'https://elsewhere.test' }
    expect(await verifyOwnership(first, elsewhere)).toEqual({ kind: 'proven', issued: ISSUED })
  })

  it('is made for the longest URL that can be read again, and for no longer one', async () => {
    const longest = `https://paris.test/${'a'.repeat(2048 - 19)}`
    const signed = await signOwnership({ ...STATED, url: longest }, privateKey)
    expect(await verifyOwnership(signed, { ...demand, storeUrl: longest })).toMatchObject({ kind: 'proven' })
    await expect(signOwnership({ ...STATED, url: `${longest}a` }, privateKey)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    })
  })

  it('holds where the clocks of both sides differ by minutes', async () => {
    expect(await verifyOwnership(proof, { ...demand, now: ISSUED - 240_000 })).toMatchObject({
      kind: 'proven',
    })
  })

  it.each<[string, Partial<OwnershipDemand>]>([
    ['other-store', { store: 'virginia' }],
    ['other-url', { storeUrl: 'https://paris.test' }],
    ['too-old', { now: ISSUED + 30 * DAY + 1 }],
    ['from-the-future', { now: ISSUED - 360_000 }],
  ])('is refused as %s', async (because, other) => {
    expect(await verifyOwnership(proof, { ...demand, ...other })).toMatchObject({ kind: 'refused', because })
  })

  it('is refused when another key signed it', async () => {
    const publicKey = await importPublicKey(makeKey().publicKey)
    const verdict = await verifyOwnership(proof, { ...demand, publicKey })
    expect(verdict).toMatchObject({ kind: 'refused', because: 'bad-signature' })
  })

  it.each<[string, object]>([
    ['store', { store: 'virginia' }],
    ['URL', { url: 'https://virginia.test' }],
    ['inventory', { inventory: 'none' }],
    ['date', { issued: new Date(ISSUED + 1).toISOString() }],
    ['signature', { signature: btoa('x'.repeat(64)) }],
  ])('is refused when its %s was changed', async (_, change) => {
    const verdict = await verifyOwnership(changed(change), { ...demand, store: 'virginia' })
    expect(verdict).toMatchObject({ kind: 'refused', because: 'bad-signature' })
  })

  it.each<[string, () => Uint8Array]>([
    ['nothing', () => new Uint8Array()],
    ['a page', () => bytesOf('<html>Welcome to your new bucket!</html>')],
    ['another version', () => changed({ version: 3 })],
    ['an earlier version with what only this one has', () => changed({ version: 1 })],
    ['an inventory that is no digest', () => changed({ inventory: 'sha256:x' })],
    ['a line break in its URL', () => changed({ url: `${URL}\n` })],
    ['a date in other words', () => changed({ issued: 'today' })],
    ['a line break in its store', () => changed({ store: 'paris\n2026' })],
    ['a signature that is too short', () => changed({ signature: 'QQ==' })],
    ['a key that is not known', () => changed({ comment: '' })],
    ['more than a proof can be', () => bytesOf(`${textOf(proof)}${' '.repeat(OWNERSHIP_MAX_BYTES)}`)],
  ])('is refused as malformed: %s', async (_, bytes) => {
    expect(await verifyOwnership(bytes(), demand)).toMatchObject({ kind: 'refused', because: 'malformed' })
  })

  it('is refused, and nothing worse, whatever its bytes are', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(proof.length - 1), fc.nat(255), async (at, value) => {
        fc.pre(proof[at] !== value)
        const damaged = proof.slice()
        damaged[at] = value
        const verdict = await verifyOwnership(damaged, demand)
        // White space is not signed, and the last bits of base64 stand for nothing.
        if (verdict.kind === 'proven') {
          expect(JSON.parse(textOf(damaged))).toMatchObject({
            store: 'paris',
            issued: '2026-11-22T20:00:00.000Z',
          })
        }
      }),
    )
  })
})

describe('an operator’s key', () => {
  const { found, missing } = findPrograms('openssl')
  const openssl = (args: string[], input?: string) =>
    spawnSync(found.openssl, args, { input, encoding: 'utf8' }).stdout

  it.skipIf(missing !== undefined)('is read as openssl writes it', async () => {
    const pem = openssl(['genpkey', '-algorithm', 'ed25519'])
    const publicPem = openssl(['pkey', '-pubout'], pem)
    const signed = await signOwnership(STATED, await importPrivateKey(pem, 'key.pem'))
    const publicKey = await importPublicKey(publicPem.replace(/-----.*-----|\s/g, ''))
    expect(await verifyOwnership(signed, { ...demand, publicKey })).toMatchObject({ kind: 'proven' })
  })

  it.skipIf(missing !== undefined).each([
    ['of another kind', ['genpkey', '-algorithm', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256']],
    ['under a password', ['genpkey', '-algorithm', 'ed25519', '-aes256', '-pass', 'pass:x']],
  ])('is refused when it is one %s', async (_, args) => {
    await expect(importPrivateKey(openssl(args), '/etc/key.pem')).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(/^\/etc\/key\.pem is not an Ed25519 private key in PEM/),
    })
  })

  it.each(['', 'x', btoa('x'), KEY.privatePem, KEY.publicKey.slice(0, -4)])(
    'is refused when its public half is %j',
    async (text) => {
      await expect(importPublicKey(text)).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
    },
  )
})

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
