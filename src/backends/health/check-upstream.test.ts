import { describe, expect, it } from 'vitest'
import { makeBlob, makeManifest, registryContent } from '../../../test/support/content.ts'
import { FAULTS, type Fault, startMisbehaving } from '../../../test/support/misbehaving.ts'
import { probeFetch } from '../../../test/support/probe-fetch.ts'
import { systemClock } from '../../adapters/clock.ts'
import { parseDigest } from '../../oci/digest.ts'
import { parseName } from '../../oci/name.ts'
import type { Fetch } from '../../runtime.ts'
import { withRedirectGuard } from '../../transport/redirect-guard.ts'
import { checkUpstream } from './check-upstream.ts'

const BLOB = makeBlob('config')
const MANIFEST = makeManifest(BLOB)
const CONTENT = registryContent({ name: 'project/app', tags: { latest: MANIFEST }, blobs: [BLOB] })
const CANARY = { name: parseName('app')!, digest: parseDigest(MANIFEST.digest)! }

const follow = withRedirectGuard(systemClock)

async function admit(canary: typeof CANARY | undefined, fault?: Fault) {
  await using server = await startMisbehaving({ content: CONTENT, fault })
  const fetch = probeFetch()
  return await checkUpstream({ url: server.origin, prefix: 'project' }, canary, fetch, follow(fetch))
}

/** Nobody asks an upstream's manifests for a range; the cases of the whole door have certificates. */
const ELSEWHERE: readonly Fault[] = ['Range ignored', 'Range answered 400', 'expired certificate']
const HARD: readonly Fault[] = ['HTML with 200', 'empty with 200', 'wrong bytes', 'wrong length']

describe('the admission of an upstream', () => {
  it('passes in full what gives the manifest that it must have', async () => {
    expect(await admit(CANARY)).toEqual({ kind: 'passed', proof: 'full' })
  })

  it('passes provisionally what answers the version check, when nothing more is known', async () => {
    expect(await admit(undefined)).toEqual({ kind: 'passed', proof: 'provisional' })
  })

  it('takes a version check that wants a token for an answer', async () => {
    const fetch = async () => new Response(null, { status: 401 })
    expect(await checkUpstream({ url: 'http://upstream.test', prefix: '' }, undefined, fetch, fetch)).toEqual(
      {
        kind: 'passed',
        proof: 'provisional',
      },
    )
  })

  it.each(['http://127.0.0.1:9/v2/', 'http://169.254.169.254/latest/meta-data/', 'http://10.0.0.1/'])(
    'follows no redirect to %s, where only we can go',
    async (location) => {
      const asked: string[] = []
      const fetch: Fetch = async (url) => {
        asked.push(url)
        if (url.endsWith('/v2/')) return new Response('{}')
        return new Response(null, { status: 307, headers: { Location: location } })
      }
      const result = await checkUpstream(
        { url: 'http://upstream.test', prefix: '' },
        CANARY,
        fetch,
        follow(fetch),
      )
      expect(result).toMatchObject({
        kind: 'failed',
        why: expect.stringContaining('address, which upstream.test is not'),
      })
      expect(asked).toEqual([
        'http://upstream.test/v2/',
        expect.stringMatching('^http://upstream.test/v2/app/manifests/'),
      ])
    },
  )

  it.each(FAULTS.filter((fault) => !ELSEWHERE.includes(fault)))('fails on %s', async (fault) => {
    expect(await admit(CANARY, fault)).toEqual({
      kind: 'failed',
      hard: HARD.includes(fault),
      why: expect.any(String),
    })
  })
})
