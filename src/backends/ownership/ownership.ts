import { z } from 'zod'
import { readTimestamp } from '../../internal/timestamp.ts'
import { bytesOf, type OwnershipKey, signBytes } from './ownership-key.ts'

/** What an operator says of a store: it is mine, and its id is this. */
export interface OwnershipStatement {
  /** The id that the config gives it. */
  readonly store: string
  /** When that was said, in milliseconds since 1970. */
  readonly issued: number
}

export type OwnershipVerdict =
  | { readonly kind: 'proven'; readonly issued: number }
  | { readonly kind: 'refused'; readonly because: OwnershipFault; readonly why: string }

/** Why a proof is none: a closed set. */
export type OwnershipFault = 'malformed' | 'bad-signature' | 'other-store' | 'too-old' | 'from-the-future'

export interface OwnershipDemand {
  /** The id that the proof must name. */
  readonly store: string
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

const VERSION = 1

const PROOF = z.strictObject({
  version: z.literal(VERSION),
  /** Nothing that could be taken for another line of what is signed. */
  store: z.string().regex(/^[!-~]{1,255}$/),
  issued: z.string().refine((text) => readTimestamp(text) !== undefined),
  signature: z.base64().length(88),
})

/** Writes the proof that a store serves at `OWNERSHIP_PATH`: the statement, and an Ed25519 signature of it. */
export async function signOwnership(
  { store, issued }: OwnershipStatement,
  privateKey: OwnershipKey,
): Promise<Uint8Array<ArrayBuffer>> {
  const statement = { store, issued: new Date(issued).toISOString() }
  const signature = await signBytes(signedBytes(statement), privateKey)
  const proof = { version: VERSION, ...statement, signature }
  return new TextEncoder().encode(`${JSON.stringify(proof, undefined, 2)}\n`)
}

/**
 * Checks a proof of ownership. One that holds says: whoever may write to this store held the operator's key, or a copy
 * of what was signed with it, no longer ago than `maxAge`. It does not say that the two are the same: a stranger who
 * copied the proof while the operator's store served it may serve it too, for as long as it is not too old, but only
 * in the place of that one store. And it says nothing of the content, which its digests prove.
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
  const moment = Date.parse(issued)
  if (moment > demand.now + SKEW)
    return refused('from-the-future', `it was signed at ${issued}, which is yet to come`)
  if (moment + demand.maxAge < demand.now) {
    return refused('too-old', `it was signed at ${issued}, longer ago than ownership.maxAge allows`)
  }
  return { kind: 'proven', issued: moment }
}

/** What is signed: lines, of which the first keeps the signature from being one of anything else. */
function signedBytes({
  store,
  issued,
}: {
  readonly store: string
  readonly issued: string
}): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`portolan proof of ownership ${VERSION}\n${store}\n${issued}\n`)
}

function readProof(bytes: Uint8Array): z.infer<typeof PROOF> | undefined {
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
