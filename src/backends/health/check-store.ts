import type { Digest } from '../../oci/digest.ts'
import { parseDigest } from '../../oci/digest.ts'
import { matchesDigest } from '../../oci/verify.ts'
import { blobLocation, type Store } from '../../routing/backend.ts'
import type { Fetch } from '../../runtime.ts'
import { readBody } from '../../transport/read-body.ts'
import {
  ANSWERED,
  type CheckResult,
  failed,
  failedHard,
  failureOf,
  ofObject,
  PASSED,
} from './check-result.ts'

/** A health-check object is fetched whole at every probe, so it should be small; a larger one is refused. */
export const OBJECT_MAX_BYTES = 1_048_576

/** The health-check object is not there: of one that the config names this is a failure, of one that was learned it need not be. */
export const OBJECT_ABSENT = failed('HEAD of the health-check object answered 404')

/** The digest of nothing: as good a question as any for a store of which no digest is known. */
const EMPTY = parseDigest('sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')!

/** A digest that no content has, as far as anybody will ever find out. */
const INVENTED = parseDigest(`sha256:${'00c0ffee'.repeat(8)}`)!

/**
 * Tries a store as clients will use it: `HEAD`, a whole `GET`, and both forms of `Range` that a resumed pull sends, of
 * a health-check object, with status, length, bytes and digest checked. Without a health-check object, any answer below 500 is taken for
 * life, provisionally. Never rejects; ends when `fetch` does.
 */
export async function checkStore(
  store: Store,
  object: Digest | undefined,
  fetch: Fetch,
): Promise<CheckResult> {
  try {
    return object === undefined
      ? await greet(store, fetch)
      : await tryObject(blobLocation(store, object), object, fetch)
  } catch (error) {
    return failureOf(error)
  }
}

/**
 * Whether a store says that it has what nobody can have given it: then what it says of anything else is worth nothing.
 * Never rejects; ends when `fetch` does.
 */
export async function saysYesToAnything(store: Store, fetch: Fetch): Promise<boolean> {
  try {
    return (await fetch(blobLocation(store, INVENTED), { method: 'HEAD', redirect: 'manual' })).status === 200
  } catch {
    return false
  }
}

async function greet(store: Store, fetch: Fetch): Promise<CheckResult> {
  const { status } = await fetch(blobLocation(store, EMPTY), { method: 'HEAD', redirect: 'manual' })
  return status < 500 ? ANSWERED : failed(`HEAD answered ${status}`)
}

async function tryObject(url: string, object: Digest, fetch: Fetch): Promise<CheckResult> {
  const head = await fetch(url, { method: 'HEAD', redirect: 'manual' })
  if (head.status === 404) return OBJECT_ABSENT
  if (head.status !== 200) return failed(`HEAD of the health-check object answered ${head.status}`)
  const stated = head.headers.get('content-length')

  const whole = await fetch(url, { redirect: 'manual', headers: { 'Accept-Encoding': 'identity' } })
  if (whole.status !== 200) {
    await whole.body?.cancel()
    const result = failed(`GET of the health-check object answered ${whole.status}`)
    // What HEAD says is there, and GET refuses, may be archived, or held back for legal reasons.
    return whole.status < 500 && whole.status !== 429 ? ofObject(result) : result
  }
  const bytes = await readBody(whole, OBJECT_MAX_BYTES)
  if (bytes === undefined)
    return ofObject(failedHard(`the health-check object is larger than ${OBJECT_MAX_BYTES} bytes`))
  if (!(await matchesDigest(bytes, object)))
    return ofObject(failedHard(`the health-check object has wrong bytes (${bytes.length} of them)`))
  if (stated !== null && Number(stated) !== bytes.length) {
    const what = `HEAD of the health-check object said ${stated} bytes; it has ${bytes.length}`
    return ofObject(failedHard(what))
  }
  if (bytes.length < 2) return PASSED
  const middle = Math.floor(bytes.length / 2)
  return (
    (await tryRange(url, `bytes=0-${middle - 1}`, bytes, 0, middle, fetch)) ??
    (await tryRange(url, `bytes=${middle}-`, bytes, middle, bytes.length, fetch)) ??
    PASSED
  )
}

async function tryRange(
  url: string,
  range: string,
  bytes: Uint8Array,
  start: number,
  end: number,
  fetch: Fetch,
): Promise<CheckResult | undefined> {
  const response = await fetch(url, {
    redirect: 'manual',
    headers: { Range: range, 'Accept-Encoding': 'identity' },
  })
  if (response.status !== 206) {
    await response.body?.cancel()
    const what = `Range: ${range} of the health-check object answered ${response.status}`
    return response.status >= 500 || response.status === 429 ? failed(what) : failedHard(what)
  }
  const stated = response.headers.get('content-range')
  const expected = `bytes ${start}-${end - 1}/${bytes.length}`
  const part = await readBody(response, end - start)
  if (stated !== expected)
    return failedHard(`Range: ${range} answered Content-Range ${stated}; expected ${expected}`)
  if (
    part === undefined ||
    part.length !== end - start ||
    part.some((byte, index) => byte !== bytes[start + index])
  ) {
    return failedHard(`Range: ${range} of the health-check object has wrong bytes`)
  }
  return undefined
}
