import { z } from 'zod'
import { PortolanError } from '../../errors.ts'
import { readTimestamp } from '../../internal/timestamp.ts'
import { type Digest, parseDigest } from '../../oci/digest.ts'
import { bytesOf, type OwnershipKey, signBytes } from './ownership-key.ts'

/** What an operator says of a store: it is mine, its id is this, it is served there, and that is its inventory. */
export interface OwnershipStatement {
  /** The id that the config gives it. */
  readonly store: string
  /** Where everybody fetches from it, as the config of `sync` has it: in another place the proof is worth nothing. */
  readonly url: string
  /** When that was said, in milliseconds since 1970. */
  readonly issued: number
  readonly inventory: ProvenInventory
}

/** The digest of the file of the only inventory that a store may show beside its proof; `none` where it has none. */
export type ProvenInventory = Digest | 'none'

/** What a proof that holds says; without `inventory`, it is of version 1, and binds neither inventory nor place. */
export interface ProvenOwnership {
  readonly kind: 'proven'
  /** In milliseconds since 1970. */
  readonly issued: number
  readonly inventory?: ProvenInventory
}

export type OwnershipVerdict =
  | ProvenOwnership
  | { readonly kind: 'refused'; readonly because: OwnershipFault; readonly why: string }

/** Why a proof is none: a closed set. */
export type OwnershipFault =
  | 'malformed'
  | 'bad-signature'
  | 'other-store'
  | 'other-url'
  | 'too-old'
  | 'from-the-future'

export interface OwnershipDemand {
  /** The id that the proof must name. */
  readonly store: string
  /** Where that store is served, which the proof must name. */
  readonly storeUrl: string
  readonly publicKey: OwnershipKey
  /** How old the proof may be, in milliseconds. */
  readonly maxAge: number
  /** In milliseconds since 1970. */
  readonly now: number
}

/** A proof that is larger is refused. */
export const OWNERSHIP_MAX_BYTES = 4096

/** How much two clocks may differ, in milliseconds. */
export const SKEW = 300_000

const VERSION = 2

const COMMON = {
  /** Nothing that could be taken for another line of what is signed. */
  store: z.string().regex(/^[!-~]{1,255}$/),
  issued: z.string().refine((text) => readTimestamp(text) !== undefined),
  signature: z.base64().length(88),
}

/** Nothing that could be taken for another line; so long that a proof with it is no larger than one may be. */
const URL_TEXT = /^[!-~]{1,2048}$/

/** What was written before a proof named the inventory is read too. */
const PROOF = z.discriminatedUnion('version', [
  z.strictObject({ version: z.literal(1), ...COMMON }),
  z.strictObject({
    version: z.literal(VERSION),
    ...COMMON,
    url: z.string().regex(URL_TEXT),
    inventory: z.string().refine((text) => text === 'none' || parseDigest(text) !== undefined),
  }),
])
type Proof = z.infer<typeof PROOF>

/**
 * Writes the proof that a store serves at `OWNERSHIP_PATH`: the statement, and an Ed25519 signature of it. Throws
 * `CONFIG_INVALID` for a URL that no door would read: longer than 2,048 characters when it is encoded.
 */
export async function signOwnership(
  { store, url, issued, inventory }: OwnershipStatement,
  privateKey: OwnershipKey,
): Promise<Uint8Array<ArrayBuffer>> {
  if (!URL_TEXT.test(url)) {
    const message = `the URL of the store ${JSON.stringify(store)} cannot stand in a proof of ownership: it has ${url.length} characters; allowed are 2048`
    throw new PortolanError('CONFIG_INVALID', message, { store })
  }
  const statement = {
    version: VERSION,
    store,
    url,
    issued: new Date(issued).toISOString(),
    inventory,
  } as const
  const signature = await signBytes(signedBytes(statement), privateKey)
  return new TextEncoder().encode(`${JSON.stringify({ ...statement, signature }, undefined, 2)}\n`)
}

/**
 * Checks a proof of ownership. One that holds says: whoever may write to this store held the operator's key, or a copy
 * of what was signed with it, no longer ago than `maxAge`. It does not say that the two are the same: a stranger who
 * copied the proof while the operator's store served it may serve it too, for as long as it is not too old, but only
 * in the place of that one store, at its very address, and with the inventory that it names. And it says nothing of the
 * content, which its digests prove.
 */
export async function verifyOwnership(bytes: Uint8Array, demand: OwnershipDemand): Promise<OwnershipVerdict> {
  const proof = readProof(bytes)
  if (proof === undefined) return refused('malformed', 'it is no proof of ownership that can be read')
  const { store, issued, signature } = proof
  const holds = await crypto.subtle.verify(
    'Ed25519',
    demand.publicKey,
    bytesOf(signature),
    signedBytes(proof),
  )
  if (!holds)
    return refused('bad-signature', 'its signature is not by the key that ownership.publicKey names')
  if (store !== demand.store) {
    return refused('other-store', `it is for the store ${JSON.stringify(store)}, not for "${demand.store}"`)
  }
  if (proof.version !== 1 && proof.url !== demand.storeUrl) {
    return refused('other-url', `it is for ${proof.url}, not for ${demand.storeUrl}`)
  }
  const moment = Date.parse(issued)
  if (moment > demand.now + SKEW)
    return refused('from-the-future', `it was signed at ${issued}, which is yet to come`)
  if (moment + demand.maxAge < demand.now) {
    return refused('too-old', `it was signed at ${issued}, longer ago than ownership.maxAge allows`)
  }
  return {
    ...{ kind: 'proven', issued: moment },
    ...(proof.version !== 1 && { inventory: proof.inventory as ProvenInventory }),
  }
}

/** What is signed: lines, of which the first keeps the signature from being one of anything else. */
function signedBytes(
  proof: Omit<Proof & { version: 1 }, 'signature'> | Omit<Proof & { version: 2 }, 'signature'>,
): Uint8Array<ArrayBuffer> {
  const { version, store, issued } = proof
  const lines = version === 1 ? [store, issued] : [store, proof.url, issued, proof.inventory]
  return new TextEncoder().encode(`portolan proof of ownership ${version}\n${lines.join('\n')}\n`)
}

function readProof(bytes: Uint8Array): Proof | undefined {
  if (bytes.length > OWNERSHIP_MAX_BYTES) return undefined
  try {
    return PROOF.safeParse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))).data
  } catch {
    return undefined
  }
}

function refused(because: OwnershipFault, why: string): OwnershipVerdict {
  return { kind: 'refused', because, why }
}
