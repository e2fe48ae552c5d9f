import { describe, expect, it } from 'vitest'
import { BELGIUM, CELLAR, IOWA, PARIS, VIRGINIA } from '../../test/support/places.ts'
import { storeAt, upstreamAt, viewOf } from '../../test/support/view.ts'
import { parseAddress } from '../net/address.ts'
import { isFault } from '../oci/errors.ts'
import { parsePath } from '../oci/path.ts'
import { type Decision, decide, type Presence } from './decide.ts'
import { type ExplainedCandidate, explain } from './explanation.ts'

const BLOB = `sha256:${'a'.repeat(64)}`

interface Row {
  readonly path: string
  /** What is known of who holds what is asked for. */
  readonly known?: Readonly<Record<string, Presence>>
  readonly down?: readonly string[]
  readonly maySpill?: boolean
  readonly overSpill?: 'canonical' | 'refuse'
  readonly somewhere?: boolean
}

function explained({
  path,
  known = {},
  down = [],
  maySpill = true,
  overSpill = 'canonical',
  somewhere,
}: Row) {
  const view = viewOf(
    [upstreamAt('iowa', IOWA, { canonical: true }), upstreamAt('belgium', BELGIUM, { complete: false })],
    [storeAt('paris', PARIS), storeAt('virginia', VIRGINIA), storeAt('cellar', CELLAR)],
    [
      { when: { cloud: ['gcp'] }, prefer: ['upstreams'] },
      { when: { cloud: ['aws'] }, prefer: ['stores@aws', 'cellar'] },
    ],
    down,
  )
  const request = parsePath(path)
  if (isFault(request)) throw new Error(request.message)
  const place = somewhere ? undefined : PARIS
  const presence = ({ id }: { id: string }) => known[id]
  const decision = decide(
    {
      method: 'GET',
      request,
      query: '',
      place,
      presence,
      listed: () => undefined,
      mayAsk: false,
      maySpill: () => maySpill,
      overSpill,
    },
    view,
  ) as Decision
  return explain({
    method: 'GET',
    target: path,
    request,
    client: {
      address: parseAddress('35.180.1.1'),
      via: 'peer',
      located: place && { place, source: 'range' },
    },
    candidates: view.candidates(place),
    decision,
    presence,
    health: ({ id }) => ({
      status: down.includes(id) ? 'ejected' : 'healthy',
      isUsable: !down.includes(id),
      lastFailure: 'ECONNREFUSED',
    }),
  })
}

const line = ({ backend, kilometres, by, health, failure, presence, verdict }: ExplainedCandidate) =>
  [backend, kilometres ?? '?', by, health, ...(failure ? [failure] : []), presence, verdict].join(' ')

describe('an explanation', () => {
  it.each<[string, Row, string, string[]]>([
    [
      'a blob in the nearest store',
      { path: `/v2/a/blobs/${BLOB}`, known: { paris: 'present' } },
      'redirect store-present paris',
      [
        'paris 0 stores@aws healthy present taken',
        'virginia 6190 stores@aws healthy not-asked not-reached',
        'cellar ? cellar healthy not-asked not-reached',
        'belgium 210 nearest healthy not-asked not-reached',
        'iowa 7204 nearest healthy assumed not-reached',
      ],
    ],
    [
      'a blob of which the stores say different things',
      { path: `/v2/a/blobs/${BLOB}`, known: { paris: 'absent', virginia: 'unknown', belgium: 'absent' } },
      'redirect blob-unknown iowa',
      [
        'paris 0 stores@aws healthy absent absent',
        'virginia 6190 stores@aws healthy unknown unknown',
        'cellar ? cellar healthy not-asked not-asked',
        'belgium 210 nearest healthy absent absent',
        'iowa 7204 nearest healthy assumed taken',
      ],
    ],
    [
      'a store that is down',
      { path: `/v2/a/blobs/${BLOB}`, known: { virginia: 'present' }, down: ['paris'] },
      'redirect store-present virginia from paris',
      [
        'paris 0 stores@aws ejected ECONNREFUSED not-asked unhealthy',
        'virginia 6190 stores@aws healthy present taken',
        'cellar ? cellar healthy not-asked not-reached',
        'belgium 210 nearest healthy not-asked not-reached',
        'iowa 7204 nearest healthy assumed not-reached',
      ],
    ],
    [
      'too much traffic that moved already',
      {
        path: `/v2/a/blobs/${BLOB}`,
        known: { virginia: 'present' },
        down: ['paris'],
        maySpill: false,
        overSpill: 'refuse',
      },
      'refuse spill-exceeded from paris',
      [
        'paris 0 stores@aws ejected ECONNREFUSED not-asked unhealthy',
        'virginia 6190 stores@aws healthy present spill',
        'cellar ? cellar healthy not-asked not-reached',
        'belgium 210 nearest healthy not-asked not-reached',
        'iowa 7204 nearest healthy assumed not-reached',
      ],
    ],
    [
      'a tag',
      { path: '/v2/a/manifests/1.0', known: { belgium: 'present' } },
      'redirect nearest-upstream belgium',
      ['belgium 210 nearest healthy present taken', 'iowa 7204 nearest healthy assumed not-reached'],
    ],
    [
      'a list of tags',
      { path: '/v2/a/tags/list' },
      'redirect nearest-upstream iowa',
      ['belgium 210 nearest healthy not-asked incomplete', 'iowa 7204 nearest healthy assumed taken'],
    ],
    [
      'a signature while the canonical upstream looks down',
      { path: `/v2/a/manifests/${BLOB.replace(':', '-')}.sig`, down: ['iowa'] },
      'redirect failover iowa from iowa',
      ['iowa 7204 nearest ejected ECONNREFUSED assumed taken'],
    ],
    ['the version', { path: '/v2/' }, 'answer version-check', []],
    ['the catalog', { path: '/v2/_catalog' }, 'refuse no-catalog', []],
  ])('of %s names every candidate and its verdict', (_, row, decision, candidates) => {
    const { decision: told, candidates: listed } = explained(row)
    const from = told.movedFrom === undefined ? [] : ['from', told.movedFrom]
    expect([told.kind, told.reason, ...(told.backend ? [told.backend] : []), ...from].join(' ')).toBe(
      decision,
    )
    expect(listed.map(line)).toEqual(candidates)
  })

  it('says where the client is, how that is known, and which rule applied', () => {
    expect(explained({ path: `/v2/a/blobs/${BLOB}` })).toMatchObject({
      class: 'blob',
      rule: 2,
      client: { address: '35.180.1.1', via: 'peer', place: 'aws/eu-west-3', knownBy: 'range' },
    })
  })

  it('of a client somewhere names no place, no rule and no distance', () => {
    const { client, rule, candidates } = explained({ path: `/v2/a/blobs/${BLOB}`, somewhere: true })
    expect(client).toEqual({ address: '35.180.1.1', via: 'peer' })
    expect(rule).toBeUndefined()
    expect(candidates.map(({ kilometres }) => kilometres)).toEqual(candidates.map(() => undefined))
  })

  it('is JSON as it is', () => {
    const explanation = explained({ path: `/v2/a/blobs/${BLOB}` })
    expect(JSON.parse(JSON.stringify(explanation))).toEqual(explanation)
  })
})
