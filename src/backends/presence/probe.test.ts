import { describe, expect, it } from 'vitest'
import { makeBlob, makeManifest } from '../../../test/support/content.ts'
import { CELLAR } from '../../../test/support/places.ts'
import { storeAt, upstreamAt } from '../../../test/support/view.ts'
import { parseDigest } from '../../oci/digest.ts'
import { OCI_MANIFEST } from '../../oci/manifest.ts'
import { parseName, parseTag } from '../../oci/name.ts'
import type { OciRequest } from '../../oci/path.ts'
import { compileDigestPath } from '../../routing/backend.ts'
import { failed } from '../health/check-result.ts'
import { probeBackend } from './probe.ts'

const NAME = parseName('app')!
const BLOB = makeBlob('blob')
const MANIFEST = makeManifest(BLOB)
const STORE = storeAt('store', CELLAR, { manifestPath: compileDigestPath('manifests/{digest}') })
const UPSTREAM = upstreamAt('upstream', CELLAR, { complete: false })
const blobRequest: OciRequest = { kind: 'blob', name: NAME, digest: parseDigest(BLOB.digest)! }
const manifestRequest: OciRequest = {
  kind: 'manifest',
  byDigest: true,
  name: NAME,
  reference: parseDigest(MANIFEST.digest)!,
}
const tagRequest: OciRequest = { kind: 'manifest', byDigest: false, name: NAME, reference: parseTag('1.0')! }

const answers = (response: () => Response) => async () => response()
const status = (status: number) => answers(() => new Response(null, { status }))
const manifest = (type: string, length: number | undefined) =>
  answers(
    () =>
      new Response(Buffer.from(MANIFEST.bytes), {
        headers: { 'Content-Type': type, ...(length !== undefined && { 'Content-Length': String(length) }) },
      }),
  )

describe('a probe', () => {
  it.each([
    [200, { presence: 'present' }],
    [404, { presence: 'absent' }],
    [403, { presence: 'unknown' }],
    [429, { presence: 'unknown' }],
    [307, { presence: 'unknown' }],
    [500, { presence: 'unknown', failure: failed('it answered 500') }],
  ])('of a blob in a store that answers %i', async (code, finding) => {
    expect(await probeBackend(STORE, blobRequest, status(code))).toEqual(finding)
  })

  it('does not believe a store that says it has a blob of no bytes', async () => {
    const empty = answers(() => new Response(null, { headers: { 'Content-Length': '0' } }))
    expect(await probeBackend(STORE, blobRequest, empty)).toEqual({ presence: 'unknown' })
    const nothing = parseDigest('sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')!
    expect(await probeBackend(STORE, { ...blobRequest, digest: nothing }, empty)).toEqual({
      presence: 'present',
      size: 0,
    })
  })

  it.each([
    ['right', OCI_MANIFEST, MANIFEST.bytes.length, 'present'],
    ['of another type', 'application/json', MANIFEST.bytes.length, 'unknown'],
    ['of another length', OCI_MANIFEST, MANIFEST.bytes.length + 1, 'unknown'],
    ['of no stated length', OCI_MANIFEST, undefined, 'unknown'],
  ])('of a manifest in a store that is %s', async (_, type, length, presence) => {
    expect(await probeBackend(STORE, manifestRequest, manifest(type, length))).toMatchObject({ presence })
  })

  it('of a manifest in a store that keeps none asks nobody', async () => {
    const asked = () => Promise.reject(new Error('asked'))
    expect(await probeBackend(storeAt('plain', CELLAR), manifestRequest, asked)).toEqual({
      presence: 'absent',
    })
  })

  it.each([
    ['manifest', manifestRequest],
    ['tag', tagRequest],
    ['blob', blobRequest],
  ])('of a %s at an upstream follows no redirect, and takes one for an answer', async (_, request) => {
    const asked: RequestInit[] = []
    const finding = await probeBackend(UPSTREAM, request, async (_, init) => {
      asked.push(init)
      return new Response(null, { status: 307 })
    })
    expect(finding).toEqual({ presence: 'present' })
    expect(asked).toMatchObject([{ method: 'HEAD', redirect: 'manual' }])
    expect(await probeBackend(UPSTREAM, request, status(404))).toEqual({ presence: 'absent' })
    expect(await probeBackend(UPSTREAM, request, status(401))).toEqual({ presence: 'unknown' })
  })

  it('never rejects, and hands over what went wrong', async () => {
    const failure = new TypeError('fetch failed')
    expect(await probeBackend(STORE, blobRequest, () => Promise.reject(failure))).toEqual({
      presence: 'unknown',
      failure: failed('fetch failed'),
    })
  })
})
