import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AMSTERDAM, ANYCAST, BELGIUM, CELLAR, IOWA, PARIS, VIRGINIA } from '../../test/support/places.ts'
import { storeAt, upstreamAt, viewOf } from '../../test/support/view.ts'
import type { Place } from '../clouds/place.ts'
import { placeOf } from '../clouds/places.ts'
import type { RuleConfig } from '../config/config.ts'
import { compileDigestPath } from './backend.ts'

const UPSTREAMS = [upstreamAt('iowa', IOWA, { canonical: true }), upstreamAt('belgium', BELGIUM)]
const STORES = [
  storeAt('virginia', VIRGINIA),
  storeAt('paris', PARIS),
  storeAt('cdn', ANYCAST),
  storeAt('cellar', CELLAR),
  storeAt('amsterdam', AMSTERDAM),
]

function ranked(client: Place | undefined, rules: readonly RuleConfig[] = []) {
  const { blob, manifest, tag, signature } = viewOf(UPSTREAMS, STORES, rules).candidates(client)
  const ids = (candidates: typeof blob) => candidates.map((candidate) => candidate.backend.id).join(' ')
  return { blob: ids(blob), manifest: ids(manifest), tag: ids(tag), signature: ids(signature) }
}

const rule = (prefer: string[], when: RuleConfig['when'] = {}, within?: number): RuleConfig => ({
  when,
  prefer,
  ...(within !== undefined && { within }),
})

/** Where AWS says `GLOBAL` instead of a region. */
const NOWHERE_IN_AWS: Place = { name: 'aws', cloud: 'aws' }
const SYDNEY: Place = {
  name: 'aws/ap-southeast-2',
  cloud: 'aws',
  region: 'ap-southeast-2',
  country: 'AU',
  coordinates: { lat: -33.87, lon: 151.21 },
}
const OHIO: Place = { name: 'aws/us-east-2', cloud: 'aws', coordinates: { lat: 40.09, lon: -82.75 } }

describe('candidates without rules', () => {
  it.each([
    [
      'in a cloud: that cloud first, then the nearest',
      PARIS,
      'paris virginia belgium cdn amsterdam iowa cellar',
    ],
    ['in another cloud', AMSTERDAM, 'amsterdam belgium cdn paris virginia iowa cellar'],
    [
      'where the canonical upstream is: what is far comes after it',
      IOWA,
      'iowa cdn cellar belgium virginia amsterdam paris',
    ],
    [
      'in a cloud and nowhere in it: what is near everyone, then that cloud as listed',
      NOWHERE_IN_AWS,
      'cdn virginia paris cellar amsterdam iowa belgium',
    ],
    [
      'somewhere: what is near everyone, then the stores as listed',
      undefined,
      'cdn virginia paris cellar amsterdam iowa belgium',
    ],
    ['where nothing is known to be near', CELLAR, 'cellar cdn virginia paris amsterdam iowa belgium'],
  ])('for a client %s', (_, client, expected) => {
    expect(ranked(client, []).blob).toBe(expected)
  })
})

describe('candidates by rules', () => {
  it.each<[string, Place | undefined, RuleConfig[], string]>([
    ['a selector is sorted by distance', PARIS, [rule(['stores@aws'])], 'paris virginia belgium iowa'],
    ['selectors keep their order', PARIS, [rule(['cdn', 'stores@aws'])], 'cdn paris virginia belgium iowa'],
    [
      'a backend is ranked once',
      PARIS,
      [rule(['paris', 'stores@aws', 'cdn'])],
      'paris virginia cdn belgium iowa',
    ],
    ['upstreams may come first', PARIS, [rule(['upstreams', 'cdn'])], 'belgium iowa cdn'],
    ['upstreams of one cloud', PARIS, [rule(['upstreams@gcp'])], 'belgium iowa'],
    [
      'the first rule that applies',
      PARIS,
      [rule(['cdn'], { cloud: ['gcp'] }), rule(['amsterdam'])],
      'amsterdam belgium iowa',
    ],
    [
      'all conditions must hold',
      PARIS,
      [rule(['cdn'], { cloud: ['aws'], country: ['DE'] }), rule(['paris'])],
      'paris belgium iowa',
    ],
    ['a condition lists alternatives', PARIS, [rule(['cdn'], { country: ['DE', 'FR'] })], 'cdn belgium iowa'],
    ['a region of the client', PARIS, [rule(['cdn'], { region: ['eu-west-3'] })], 'cdn belgium iowa'],
    [
      'a condition does not hold for somewhere',
      undefined,
      [rule(['cdn'], { cloud: ['aws'] }), rule(['amsterdam'])],
      'amsterdam iowa belgium',
    ],
    [
      'no rule applies: the default order',
      AMSTERDAM,
      [rule(['cdn'], { cloud: ['aws'] })],
      'amsterdam belgium cdn paris virginia iowa cellar',
    ],
  ])('%s', (_, client, rules, expected) => {
    expect(ranked(client, rules).blob).toBe(expected)
  })

  it.each<[string, Place, RuleConfig[], string]>([
    [
      'no farther than the canonical upstream: what is comes last',
      SYDNEY,
      [rule(['stores@aws'])],
      'iowa belgium virginia paris',
    ],
    ['but one that is named is meant', SYDNEY, [rule(['paris'])], 'paris iowa belgium'],
    [
      'and a thousand kilometres are near anyhow',
      OHIO,
      [rule(['stores@aws'])],
      'virginia iowa belgium paris',
    ],
    ['within what the rule says', PARIS, [rule(['stores@aws'], {}, 3000)], 'paris belgium iowa virginia'],
    ['farther than usual', SYDNEY, [rule(['stores@aws'], {}, 20_000)], 'virginia paris iowa belgium'],
    [
      'also for one that is named',
      PARIS,
      [rule(['virginia', 'paris'], {}, 3000)],
      'paris belgium iowa virginia',
    ],
    ['whoever is everywhere is near', PARIS, [rule(['cdn'], {}, 100)], 'cdn belgium iowa'],
    ['where nobody knows how far', PARIS, [rule(['cellar'], {}, 100)], 'cellar belgium iowa'],
  ])('reach %s', (_, client, rules, expected) => {
    expect(ranked(client, rules).blob).toBe(expected)
  })

  it('an upstream that is everywhere sets no limit', () => {
    const upstreams = [upstreamAt('hub', ANYCAST, { canonical: true })]
    const { blob } = viewOf(upstreams, STORES, [rule(['stores@aws'])]).candidates(PARIS)
    expect(blob.map(({ backend }) => backend.id)).toEqual(['paris', 'virginia', 'hub'])
  })

  it.each<[string, Place | undefined, string[], string]>([
    ['in the cloud of the group', NOWHERE_IN_AWS, ['stores@aws'], 'cdn virginia paris iowa belgium'],
    ['somewhere', undefined, ['stores@aws'], 'cdn virginia paris iowa belgium'],
    ['that prefers one by its name', NOWHERE_IN_AWS, ['paris', 'cdn'], 'paris cdn iowa belgium'],
    ['that prefers upstreams', NOWHERE_IN_AWS, ['upstreams@gcp'], 'iowa belgium'],
    ['in a region that is nowhere', placeOf('gcp/global'), ['stores@aws'], 'cdn virginia paris iowa belgium'],
  ])('what is near everyone comes before a group for a client %s', (_, client, prefer, expected) => {
    expect(ranked(client, [rule(prefer)]).blob).toBe(expected)
  })

  it('a border group answers to its parent region', () => {
    const group: Place = { ...PARIS, name: 'aws/eu-west-3-x-1', region: 'eu-west-3-x-1', parent: 'eu-west-3' }
    expect(ranked(group, [rule(['cdn'], { region: ['eu-west-3'] })]).blob).toBe('cdn belgium iowa')
  })
})

describe('candidates for tags', () => {
  it.each([
    ['the nearest upstream', PARIS, [], 'belgium iowa'],
    ['canonical when it is the nearest', VIRGINIA, [], 'iowa belgium'],
    ['canonical for a client somewhere', undefined, [], 'iowa belgium'],
    ['an upstream that a rule prefers', PARIS, [rule(['iowa'])], 'iowa belgium'],
    ['no store, whatever a rule prefers', PARIS, [rule(['stores'])], 'belgium iowa'],
  ])('%s', (_, client, rules, expected) => {
    expect(ranked(client, rules).tag).toBe(expected)
  })
})

it('manifests by digest may also come from stores that keep manifests', () => {
  const stores = [
    storeAt('paris', PARIS, { manifestPath: compileDigestPath('manifests/{digest}') }),
    storeAt('cdn', ANYCAST),
  ]
  const { manifest } = viewOf(UPSTREAMS, stores).candidates(PARIS)
  expect(manifest.map(({ backend }) => backend.id)).toEqual(['paris', 'belgium', 'iowa'])
})

it('signatures come from the canonical upstream first, and never from one that is not complete', () => {
  const upstreams = [...UPSTREAMS, upstreamAt('paris', PARIS, { complete: false })]
  const { signature } = viewOf(upstreams, STORES).candidates(PARIS)
  expect(signature.map(({ backend }) => backend.id)).toEqual(['iowa', 'belgium'])
})

it('signatures never come from an upstream that has none', () => {
  const upstreams = [...UPSTREAMS, upstreamAt('paris', PARIS, { signatures: false })]
  const { signature, tag } = viewOf(upstreams, STORES).candidates(PARIS)
  expect(signature.map(({ backend }) => backend.id)).toEqual(['iowa', 'belgium'])
  expect(tag.map(({ backend }) => backend.id)).toEqual(['paris', 'belgium', 'iowa'])
})

it('whatever the rules and the place, every list has the canonical upstream, and nobody twice', () => {
  const selector = fc.constantFrom(
    'stores',
    'upstreams',
    'stores@aws',
    'upstreams@gcp',
    'cdn',
    'paris',
    'belgium',
  )
  const rules = fc.array(
    fc.record({
      when: fc.constantFrom({}, { cloud: ['aws'] }, { country: ['FR', 'NL'] }),
      prefer: fc.array(selector, { minLength: 1, maxLength: 4 }),
    }),
    { maxLength: 3 },
  )
  const place = fc.constantFrom(undefined, PARIS, VIRGINIA, IOWA, BELGIUM, AMSTERDAM, CELLAR)
  fc.assert(
    fc.property(place, rules, (client, configs) => {
      for (const list of Object.values(ranked(client, configs))) {
        const ids = list.split(' ')
        expect(ids).toContain('iowa')
        expect(new Set(ids).size).toBe(ids.length)
      }
    }),
  )
})
