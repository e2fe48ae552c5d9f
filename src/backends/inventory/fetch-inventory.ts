import { PortolanError } from '../../errors.ts'
import { decodeInventory } from '../../inventory/decode.ts'
import type { Inventory } from '../../inventory/inventory.ts'
import { INVENTORY_POINTER_PATH, inventoryPath } from '../../inventory/paths.ts'
import { type InventoryPointer, POINTER_MAX_BYTES, parseInventoryPointer } from '../../inventory/pointer.ts'
import { matchesDigest } from '../../oci/verify.ts'
import type { Fetch } from '../../runtime.ts'
import { readBody } from '../../transport/read-body.ts'
import { reasonOf } from '../../transport/reason.ts'

/** A pointer, and what to ask with next time, so that an unchanged one need not come again. */
export interface FetchedPointer {
  readonly pointer: InventoryPointer
  /** RFC 9110, section 8.8.3. */
  readonly etag?: string
}

/** How much of an `ETag` is kept. */
const ETAG_MAX = 256

/**
 * Fetches the pointer to the inventory of the store at `url`; `unchanged` when the store says that it is still the one
 * with this `ETag`. No redirect is followed: what it leads to is not the store that the operator named.
 *
 * Rejects with `UNREACHABLE` when it does not come, and with `CONTENT_INVALID` when it is not right.
 */
export async function fetchInventoryPointer(
  url: string,
  etag: string | undefined,
  fetch: Fetch,
): Promise<FetchedPointer | 'unchanged'> {
  const path = INVENTORY_POINTER_PATH
  return reach(path, async () => {
    const response = await fetch(`${url}/${path}`, {
      redirect: 'manual',
      headers: { ...PLAIN, ...(etag !== undefined && { 'If-None-Match': etag }) },
    })
    if (response.status === 304 && etag !== undefined) {
      await response.body?.cancel()
      return 'unchanged'
    }
    const pointer = parseInventoryPointer(await readWhole(path, response, POINTER_MAX_BYTES))
    const next = response.headers.get('ETag')
    return { pointer, ...(next !== null && next.length <= ETAG_MAX && { etag: next }) }
  })
}

/** Fetches the inventory that a pointer names, and checks it against that. Rejects as for the pointer. */
export async function fetchInventory(
  url: string,
  { digest, bytes: length }: InventoryPointer,
  fetch: Fetch,
  signal: AbortSignal,
): Promise<Inventory> {
  const path = inventoryPath(digest)
  return reach(path, async () => {
    const response = await fetch(`${url}/${path}`, { redirect: 'manual', headers: PLAIN, signal })
    const bytes = await readWhole(path, response, length)
    if (bytes.length !== length)
      throw invalid(`${path} has ${bytes.length} bytes, and its pointer says ${length}`)
    if (!(await matchesDigest(bytes, digest))) throw invalid(`${path} does not match its digest`)
    return decodeInventory(bytes)
  })
}

/** Digest and length are of the bytes as they were stored. */
const PLAIN = { 'Accept-Encoding': 'identity' }

async function readWhole(path: string, response: Response, limit: number): Promise<Uint8Array<ArrayBuffer>> {
  if (response.status !== 200) {
    await response.body?.cancel()
    throw new PortolanError('UNREACHABLE', `${path} answered ${response.status}`, { status: response.status })
  }
  const bytes = await readBody(response, limit)
  if (bytes === undefined) throw invalid(`${path} is larger than ${limit} bytes`)
  return bytes
}

async function reach<T>(path: string, fetched: () => Promise<T>): Promise<T> {
  try {
    return await fetched()
  } catch (error) {
    if (error instanceof PortolanError) throw error
    throw new PortolanError('UNREACHABLE', `${path} does not come: ${reasonOf(error)}`, {}, error)
  }
}

function invalid(message: string): PortolanError {
  return new PortolanError('CONTENT_INVALID', message)
}
