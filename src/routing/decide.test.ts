import { describe, expect, it } from 'vitest'
import { BELGIUM, IOWA, PARIS, VIRGINIA } from '../../test/support/places.ts'
import { storeAt, upstreamAt, viewOf } from '../../test/support/view.ts'
import { isFault } from '../oci/errors.ts'
import { OCI_MANIFEST } from '../oci/manifest.ts'
import { parsePath } from '../oci/path.ts'
import { compileDigestPath } from './backend.ts'
import { decide, type Listed, type Presence, type RequestFacts } from './decide.ts'
import { pullKey } from './draw.ts'
import { isWithin, paceOf } from './pace.ts'
import { compileRule } from './rule.ts'
import { createView, type View } from './view.ts'

const VIEW = viewOf(
  [upstreamAt('iowa', IOWA, { canonical: true, prefix: 'project/images' }), upstreamAt('belgium', BELGIUM)],
  [storeAt('paris', PARIS), storeAt('virginia', VIRGINIA)],
  [{ when: {}, prefer: ['stores'] }],
)
const BLOB = `sha256:${'a'.repeat(64)}`

interface Known {
  readonly paris?: Presence
  readonly virginia?: Presence
  readonly oslo?: Presence
  readonly lisbon?: Presence
  readonly belgium?: Presence
  readonly mayAsk?: boolean
  readonly maySpill?: boolean
  readonly overSpill?: 'canonical' | 'refuse'
  readonly method?: 'GET' | 'HEAD'
  /** What the inventories of stores say of what is asked for. */
  readonly listed?: Readonly<Record<string, Listed>>
}

function decideFrom(path: string, given: Known = {}, view = VIEW) {
  const {
    mayAsk = true,
    maySpill = true,
    overSpill = 'canonical',
    method = 'GET',
    listed = {},
    ...verdicts
  } = given
  const request = parsePath(path)
  if (isFault(request)) throw new Error(request.message)
  const known: Readonly<Record<string, Presence | undefined>> = verdicts
  const facts: RequestFacts = {
    method,
    request,
    query: '?q=1',
    place: PARIS,
    mayAsk,
    maySpill: () => maySpill,
    overSpill,
    presence: (backend) => known[backend.id],
    listed: (store) => listed[store.id],
  }
  const decision = decide(facts, view)
  if (decision.kind === 'ask') return `ask ${decision.backend.id}`
  const passed = decision.passedOver
    .map(({ candidate, because }) => ` [${candidate.backend.id}: ${because}]`)
    .join('')
  const what =
    decision.kind === 'redirect'
      ? decision.location
      : decision.kind === 'answer'
        ? ['answer', decision.backend?.id, decision.listed?.size, decision.listed?.mediaType]
            .filter((part) => part !== undefined)
            .join(' ')
        : decision.kind === 'relay'
          ? `relay ${decision.backend.id}`
          : decision.fault.code
  return `${decision.reason}: ${what}${passed}`
}

describe('decide on a blob', () => {
  it.each<[string, Known, string]>([
    ['nothing is known', {}, 'ask paris'],
    ['the nearest holds it', { paris: 'present' }, `store-present: https://paris.test/${BLOB}`],
    ['the nearest lacks it', { paris: 'absent' }, 'ask virginia'],
    [
      'the next holds it',
      { paris: 'absent', virginia: 'present' },
      `store-present: https://virginia.test/${BLOB} [paris: absent]`,
    ],
    [
      'the nearest does not say',
      { paris: 'unknown', virginia: 'present' },
      `store-present: https://virginia.test/${BLOB} [paris: unknown]`,
    ],
    [
      'nobody holds it',
      { paris: 'absent', virginia: 'absent' },
      `blob-absent: https://belgium.test/v2/pause/blobs/${BLOB}?q=1 [paris: absent] [virginia: absent]`,
    ],
    [
      'nobody is sure',
      { paris: 'absent', virginia: 'unknown' },
      `blob-unknown: https://belgium.test/v2/pause/blobs/${BLOB}?q=1 [paris: absent] [virginia: unknown]`,
    ],
    [
      'no more may be asked',
      { paris: 'absent', mayAsk: false },
      `blob-unknown: https://belgium.test/v2/pause/blobs/${BLOB}?q=1 [paris: absent] [virginia: not-asked]`,
    ],
    [
      'a far one is known to hold it, but no more may be asked',
      { virginia: 'present', mayAsk: false },
      `store-present: https://virginia.test/${BLOB} [paris: not-asked]`,
    ],
  ])('when %s', (_, known, expected) => {
    expect(decideFrom(`/v2/pause/blobs/${BLOB}`, known)).toBe(expected)
  })

  it('with an algorithm nobody here can compute goes to an upstream unasked, even if a store claimed to have it', () => {
    expect(decideFrom('/v2/pause/blobs/blake3:00', { paris: 'present' })).toBe(
      'unknown-algorithm: https://belgium.test/v2/pause/blobs/blake3:00?q=1 [paris: unknown-algorithm] [virginia: unknown-algorithm]',
    )
  })
})

describe('decide on what only an upstream may say', () => {
  const hex = 'b'.repeat(64)
  it.each([
    ['/v2/pause/manifests/3.9', 'nearest-upstream: https://belgium.test/v2/pause/manifests/3.9?q=1'],
    [`/v2/pause/manifests/${BLOB}`, `nearest-upstream: https://belgium.test/v2/pause/manifests/${BLOB}?q=1`],
    ['/v2/pause/tags/list', 'nearest-upstream: https://belgium.test/v2/pause/tags/list?q=1'],
    [
      `/v2/pause/manifests/sha256-${hex}`,
      `signature-canonical: https://iowa.test/v2/project/images/pause/manifests/sha256-${hex}?q=1`,
    ],
    [
      `/v2/pause/manifests/sha256-${hex}.sig`,
      `signature-canonical: https://iowa.test/v2/project/images/pause/manifests/sha256-${hex}.sig?q=1`,
    ],
    [
      `/v2/pause/referrers/${BLOB}`,
      `signature-canonical: https://iowa.test/v2/project/images/pause/referrers/${BLOB}?q=1`,
    ],
    ['/v2/', 'version-check: answer'],
    ['/v2/_catalog', 'no-catalog: UNSUPPORTED'],
  ])('%s', (path, expected) => {
    expect(decideFrom(path, { paris: 'present', virginia: 'present' })).toBe(expected)
  })
})

it('an upstream on our own disk is answered for, not redirected to', () => {
  const { url: _, ...local } = upstreamAt('local', IOWA, { canonical: true })
  const view = viewOf([local], [storeAt('paris', PARIS)], [{ when: {}, prefer: ['paris'] }])
  expect(decideFrom('/v2/pause/manifests/3.9', {}, view)).toBe('nearest-upstream: answer local')
  expect(decideFrom(`/v2/pause/blobs/${BLOB}`, { paris: 'absent' }, view)).toBe(
    'blob-absent: answer local [paris: absent]',
  )
})

describe('decide when backends are down', () => {
  const upstreams = [upstreamAt('iowa', IOWA, { canonical: true }), upstreamAt('belgium', BELGIUM)]
  const stores = [storeAt('paris', PARIS), storeAt('virginia', VIRGINIA)]
  const without = (...down: string[]) => viewOf(upstreams, stores, [{ when: {}, prefer: ['stores'] }], down)
  const blob = `/v2/pause/blobs/${BLOB}`
  const tag = '/v2/pause/manifests/3.9'
  const signature = `/v2/pause/manifests/sha256-${'b'.repeat(64)}.sig`

  it.each<[string, string, Known, string[], string]>([
    [
      'passes over the one that is down',
      blob,
      { paris: 'present', virginia: 'present' },
      ['paris'],
      `store-present: https://virginia.test/${BLOB} [paris: unhealthy]`,
    ],
    [
      'sends a blob to an upstream',
      blob,
      {},
      ['paris', 'virginia'],
      `failover: https://belgium.test/v2/pause/blobs/${BLOB}?q=1 [paris: unhealthy] [virginia: unhealthy]`,
    ],
    [
      'sends a tag to the next upstream',
      tag,
      {},
      ['belgium'],
      'failover: https://iowa.test/v2/pause/manifests/3.9?q=1 [belgium: unhealthy]',
    ],
    [
      'sends a signature to another complete upstream',
      signature,
      {},
      ['iowa'],
      `failover: https://belgium.test${signature}?q=1 [iowa: unhealthy]`,
    ],
    [
      'takes the canonical upstream when nobody is well',
      tag,
      {},
      ['belgium', 'iowa'],
      'failover: https://iowa.test/v2/pause/manifests/3.9?q=1 [belgium: unhealthy] [iowa: unhealthy]',
    ],
    [
      'does not move more than may move',
      blob,
      { virginia: 'present', maySpill: false },
      ['paris'],
      `spill-exceeded: https://iowa.test/v2/pause/blobs/${BLOB}?q=1 [paris: unhealthy] [virginia: spill]`,
    ],
    [
      'or refuses it',
      blob,
      { virginia: 'present', maySpill: false, overSpill: 'refuse' },
      ['paris'],
      'spill-exceeded: TOOMANYREQUESTS [paris: unhealthy] [virginia: spill]',
    ],
    [
      'moves to the canonical upstream as much as there is',
      tag,
      { maySpill: false, overSpill: 'refuse' },
      ['belgium'],
      'failover: https://iowa.test/v2/pause/manifests/3.9?q=1 [belgium: unhealthy]',
    ],
  ])('%s', (_, path, known, down, expected) => {
    expect(decideFrom(path, known, without(...down))).toBe(expected)
  })
})

describe('decide on what an inventory lists', () => {
  const manifest = `/v2/pause/manifests/${BLOB}`
  const keeping = viewOf(
    [upstreamAt('iowa', IOWA, { canonical: true })],
    [
      storeAt('paris', PARIS, { manifestPath: compileDigestPath('m/{digest}') }),
      storeAt('virginia', VIRGINIA),
    ],
  )
  const preferred = viewOf(
    [upstreamAt('iowa', IOWA, { canonical: true })],
    [storeAt('paris', PARIS)],
    [{ when: {}, prefer: ['upstreams', 'stores'] }],
  )
  const size = { size: 5 }
  const oci = { size: 7, mediaType: OCI_MANIFEST }
  const blob = `/v2/pause/blobs/${BLOB}`
  it.each<[string, string, Known, View, string]>([
    ['answers HEAD of a blob', blob, { listed: { paris: size } }, VIEW, 'listed: answer paris 5'],
    ['whoever lists it', blob, { listed: { virginia: size } }, VIEW, 'listed: answer virginia 5'],
    [
      'also where an upstream comes first',
      blob,
      { listed: { paris: size } },
      preferred,
      'listed: answer paris 5',
    ],
    ['asks as ever when nobody lists it', blob, {}, VIEW, 'ask paris'],
    [
      'believes no store that is out of traffic',
      blob,
      { listed: { paris: size } },
      viewOf([upstreamAt('iowa', IOWA, { canonical: true })], [storeAt('paris', PARIS)], [], ['paris']),
      `failover: https://iowa.test/v2/pause/blobs/${BLOB}?q=1 [paris: unhealthy]`,
    ],
    [
      'answers HEAD of a manifest by digest',
      manifest,
      { listed: { paris: oci } },
      keeping,
      `listed: answer paris 7 ${OCI_MANIFEST}`,
    ],
    [
      'not for a store that keeps no manifests',
      manifest,
      { listed: { virginia: oci }, paris: 'absent' },
      keeping,
      `nearest-upstream: https://iowa.test/v2/pause/manifests/${BLOB}?q=1 [paris: absent]`,
    ],
    [
      'answers HEAD of no tag',
      '/v2/pause/manifests/3.9',
      { listed: { paris: oci } },
      keeping,
      'nearest-upstream: https://iowa.test/v2/pause/manifests/3.9?q=1',
    ],
  ])('%s', (_, path, known, view, expected) => {
    expect(decideFrom(path, { ...known, method: 'HEAD' }, view)).toBe(expected)
  })

  it('sends a GET to the store', () => {
    expect(decideFrom(blob, { paris: 'present', listed: { paris: size } })).toBe(
      `store-present: https://paris.test/${BLOB}`,
    )
  })
})

describe('decide with an upstream that is not complete', () => {
  const view = viewOf(
    [upstreamAt('iowa', IOWA, { canonical: true }), upstreamAt('belgium', BELGIUM, { complete: false })],
    [],
    [],
  )
  it.each<[string, string, Known, string]>([
    ['asks it for a tag', '/v2/pause/manifests/3.9', {}, 'ask belgium'],
    [
      'takes a tag from it when it is there',
      '/v2/pause/manifests/3.9',
      { belgium: 'present' },
      'nearest-upstream: https://belgium.test/v2/pause/manifests/3.9?q=1',
    ],
    [
      'takes a manifest that it lacks from canonical',
      `/v2/pause/manifests/${BLOB}`,
      { belgium: 'absent' },
      `nearest-upstream: https://iowa.test/v2/pause/manifests/${BLOB}?q=1 [belgium: absent]`,
    ],
    [
      'takes a blob that it lacks from canonical',
      `/v2/pause/blobs/${BLOB}`,
      { belgium: 'absent' },
      `blob-absent: https://iowa.test/v2/pause/blobs/${BLOB}?q=1 [belgium: absent]`,
    ],
    [
      'never offers it unchecked',
      `/v2/pause/blobs/${BLOB}`,
      { mayAsk: false },
      `blob-unknown: https://iowa.test/v2/pause/blobs/${BLOB}?q=1 [belgium: not-asked]`,
    ],
    [
      'takes a list of tags from one that is',
      '/v2/pause/tags/list',
      { belgium: 'present' },
      'nearest-upstream: https://iowa.test/v2/pause/tags/list?q=1 [belgium: incomplete]',
    ],
  ])('%s', (_, path, known, expected) => {
    expect(decideFrom(path, known, view)).toBe(expected)
  })
})

describe('decide with upstreams that have all but signatures', () => {
  const upstreams = [
    upstreamAt('iowa', IOWA, { canonical: true }),
    upstreamAt('virginia', VIRGINIA, { signatures: false }),
    upstreamAt('belgium', BELGIUM, { signatures: false }),
  ]
  const view = viewOf(upstreams, [], [{ when: {}, prefer: ['upstreams'] }])
  const blob = `/v2/pause/blobs/${BLOB}`
  const manifest = `/v2/pause/manifests/${BLOB}`
  it.each<[string, string, Known, View, string]>([
    [
      'takes a tag from the nearest unasked',
      '/v2/pause/manifests/3.9',
      {},
      view,
      'nearest-upstream: https://belgium.test/v2/pause/manifests/3.9?q=1',
    ],
    [
      'a list of tags too',
      '/v2/pause/tags/list',
      {},
      view,
      'nearest-upstream: https://belgium.test/v2/pause/tags/list?q=1',
    ],
    ['asks it for a blob', blob, {}, view, 'ask belgium'],
    ['asks it for a manifest by digest', manifest, {}, view, 'ask belgium'],
    [
      'takes from it what it has',
      manifest,
      { belgium: 'present' },
      view,
      `nearest-upstream: https://belgium.test${manifest}?q=1`,
    ],
    [
      'asks no other for what one lacks: a signature names it',
      blob,
      { belgium: 'absent' },
      view,
      `signature-canonical: https://iowa.test${blob}?q=1 [belgium: absent] [virginia: no-signatures]`,
    ],
    ['asks another when one does not say', blob, { belgium: 'unknown' }, view, 'ask virginia'],
    [
      'takes the canonical upstream when none of them says',
      manifest,
      { belgium: 'unknown', virginia: 'unknown' },
      view,
      `nearest-upstream: https://iowa.test${manifest}?q=1 [belgium: unknown] [virginia: unknown]`,
    ],
    [
      'asks a store all the same',
      blob,
      { belgium: 'absent' },
      viewOf(upstreams, [storeAt('paris', PARIS)], [{ when: {}, prefer: ['belgium', 'paris'] }]),
      'ask paris',
    ],
  ])('%s', (_, path, known, given, expected) => {
    expect(decideFrom(path, known, given)).toBe(expected)
  })
})

describe('decide on a blob that several stores lack', () => {
  const ids = ['paris', 'virginia', 'oslo', 'milan', 'lisbon'] as const
  const view = viewOf(
    [upstreamAt('iowa', IOWA, { canonical: true })],
    ids.map((id) => storeAt(id, PARIS)),
    [{ when: {}, prefer: ['stores'] }],
  )
  const absent = { paris: 'absent', virginia: 'absent' } as const
  it.each<[string, Known, string]>([
    ['asks a third', absent, 'ask oslo'],
    [
      'asks no fourth, today or later',
      { ...absent, oslo: 'unknown' },
      `blob-unknown: https://iowa.test/v2/pause/blobs/${BLOB}?q=1 [paris: absent] [virginia: absent] [oslo: unknown] [milan: unlikely] [lisbon: unlikely]`,
    ],
    [
      'says that it is absent when three have said so',
      { ...absent, oslo: 'absent' },
      `blob-absent: https://iowa.test/v2/pause/blobs/${BLOB}?q=1 [paris: absent] [virginia: absent] [oslo: absent] [milan: unlikely] [lisbon: unlikely]`,
    ],
    [
      'but takes it where it is known to be',
      { ...absent, oslo: 'absent', lisbon: 'present' },
      `store-present: https://lisbon.test/${BLOB} [paris: absent] [virginia: absent] [oslo: absent] [milan: unlikely]`,
    ],
  ])('%s', (_, known, expected) => {
    expect(decideFrom(`/v2/pause/blobs/${BLOB}`, known, view)).toBe(expected)
  })

  it('asks the next selector of the rule', () => {
    const rules = [{ when: {}, prefer: ['stores@aws', 'cdn'] }]
    const stores = [...ids.map((id) => storeAt(id, PARIS)), storeAt('cdn', { name: 'anycast' })]
    const given = viewOf([upstreamAt('iowa', IOWA, { canonical: true })], stores, rules)
    expect(decideFrom(`/v2/pause/blobs/${BLOB}`, { ...absent, oslo: 'absent' }, given)).toBe('ask cdn')
  })
})

describe('a budget', () => {
  const paced = (down: readonly string[], ...paced: readonly string[]) =>
    createView({
      upstreams: [upstreamAt('iowa', IOWA, { canonical: true, prefix: 'project/images' })],
      stores: [storeAt('paris', PARIS), storeAt('virginia', VIRGINIA)],
      rules: [compileRule({ when: {}, prefer: ['stores'] })],
      isUsable: ({ id }) => !down.includes(id),
      paceOf: ({ id }) => (paced.includes(id) ? paceOf('acme', 0) : undefined),
    })
  const both: Known = { paris: 'present', virginia: 'present' }

  it.each<[string, View, Known, string]>([
    [
      'passes over what it pays for',
      paced([], 'paris'),
      both,
      `store-present: https://virginia.test/${BLOB} [paris: budget]`,
    ],
    ['asks nobody whom it passes over', paced([], 'paris'), {}, 'ask virginia'],
    [
      'leaves the rest to the canonical upstream, whoever pays for that',
      paced([], 'paris', 'virginia', 'iowa'),
      both,
      `budget: https://iowa.test/v2/project/images/app/blobs/${BLOB}?q=1 [paris: budget] [virginia: budget]`,
    ],
    [
      'makes no pull fail: with nobody else left it does not count',
      paced(['iowa', 'virginia'], 'paris'),
      both,
      `store-present: https://paris.test/${BLOB}`,
    ],
    [
      'does not make up for content that is not there',
      paced(['iowa'], 'paris'),
      { paris: 'absent', virginia: 'absent' },
      `failover: https://iowa.test/v2/project/images/app/blobs/${BLOB}?q=1 [paris: absent] [virginia: absent] [iowa: unhealthy]`,
    ],
  ])('%s', (_, view, known, expected) => {
    expect(decideFrom(`/v2/app/blobs/${BLOB}`, known, view)).toBe(expected)
  })

  it('passes over the same pulls at all backends of one sponsor, and never others when it tightens', () => {
    const pace = (share: number) => paceOf('acme', share)
    for (let index = 0; index < 10_000; index++) {
      const key = pullKey(undefined, `app-${index}`)
      if (isWithin(pace(0.3), key)) expect(isWithin(pace(0.6), key)).toBe(true)
      expect(isWithin(pace(1), key)).toBe(true)
      expect(isWithin(pace(0), key)).toBe(false)
    }
    const through = (sponsor: string) =>
      Array.from({ length: 10_000 }, (_, index) =>
        isWithin(paceOf(sponsor, 0.3), pullKey(undefined, `app-${index}`)),
      )
    const [one, other] = [through('acme'), through('globex')]
    expect(Math.abs(one.filter(Boolean).length / 10_000 - 0.3)).toBeLessThan(0.015)
    // Of two sponsors, both draws know nothing of each other.
    const inBoth = one.filter((is, index) => is && other[index]).length
    expect(Math.abs(inBoth / 10_000 - 0.09)).toBeLessThan(0.01)
  })
})
