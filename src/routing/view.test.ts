import { describe, expect, it } from 'vitest'
import { ANYCAST, BELGIUM, IOWA, PARIS, VIRGINIA } from '../../test/support/places.ts'
import { storeAt, upstreamAt } from '../../test/support/view.ts'
import type { Place } from '../clouds/place.ts'
import type { PolicyConfig, RuleConfig } from '../config/config.ts'
import { type Address, parseAddress } from '../net/address.ts'
import { compileRouting } from './compile-routing.ts'
import { createView, PLACES_KEPT, type View } from './view.ts'

function viewBy(routing: readonly RuleConfig[], policies: readonly PolicyConfig[] = []): View {
  return createView({
    upstreams: [upstreamAt('iowa', IOWA, { canonical: true })],
    stores: [
      storeAt('paris', PARIS),
      storeAt('virginia', VIRGINIA),
      storeAt('belgium', BELGIUM),
      storeAt('cdn', ANYCAST),
    ],
    ...compileRouting({ routing, policies }),
    isUsable: () => true,
  })
}

const order = (view: View, place: Place | undefined, address?: string, repository?: string) =>
  view
    .candidates(place, address === undefined ? undefined : parseAddress(address), repository)
    .blob.map(({ backend }) => backend.id)
    .join(' ')

const address = (index: number): Address => ({
  family: 4,
  word0: (0x0a00_0000 + index) | 0,
  word1: 0,
  word2: 0,
  word3: 0,
})

/** How often each backend comes first for clients in one place, of ten thousand. */
function firsts(view: View, place: Place | undefined): Record<string, number> {
  const counts: Record<string, number> = {}
  for (let index = 0; index < 10_000; index++) {
    const { id } = view.candidates(place, address(index), 'pause').blob[0]!.backend
    counts[id] = (counts[id] ?? 0) + 1
  }
  return counts
}

describe('rules by network and repository', () => {
  const view = viewBy([
    { when: { prefix: ['192.0.2.0/24', '2001:db8::/32'], cloud: ['aws'] }, prefer: ['virginia'] },
    { when: { prefix: ['192.0.2.0/24'] }, prefer: ['belgium'] },
    { when: { repository: ['conformance/**', '/-debug$/'] }, prefer: ['cdn'] },
    { when: { cloud: ['aws'], prefix: ['10.0.0.0/8'], repository: ['a'] }, prefer: ['iowa'] },
    { when: { cloud: ['aws'] }, prefer: ['paris'] },
  ])

  it.each<[string, Place | undefined, string | undefined, string | undefined, string, number | undefined]>([
    ['in a prefix and the cloud', PARIS, '192.0.2.1', 'a', 'virginia', 1],
    ['in a prefix of IPv6', PARIS, '2001:db8::1', 'a', 'virginia', 1],
    ['in a prefix and another cloud', BELGIUM, '192.0.2.1', 'a', 'belgium', 2],
    ['in a prefix and nowhere', undefined, '192.0.2.1', 'conformance/x', 'belgium', 2],
    ['for a repository', PARIS, '10.0.0.1', 'conformance/x/y', 'cdn', 3],
    ['for another by an expression', PARIS, undefined, 'x-debug', 'cdn', 3],
    ['for which all three hold', PARIS, '10.0.0.1', 'a', 'iowa', 4],
    ['for which one does not', PARIS, '10.0.0.1', 'b', 'paris', 5],
    ['of whom no address is known', PARIS, undefined, 'a', 'paris', 5],
    ['of whom nothing but the place is known', PARIS, undefined, undefined, 'paris', 5],
    ['for which no rule is', BELGIUM, '203.0.113.1', 'a', 'belgium', undefined],
  ])('are for a client %s', (_, place, from, repository, first, rule) => {
    // Twice, since the second time it is remembered.
    for (const _ of [1, 2]) {
      const found = view.candidates(place, from === undefined ? undefined : parseAddress(from), repository)
      expect([found.blob[0]!.backend.id, found.rule]).toEqual([first, rule])
    }
  })

  it('give the same list to all whom they are alike for', () => {
    const [one, other] = ['10.0.0.1', '10.9.9.9'].map((text) =>
      view.candidates(PARIS, parseAddress(text), 'a'),
    )
    expect(one).toBe(other)
  })
})

describe('splits', () => {
  const near = (count: number | undefined, share: number) =>
    expect(Math.abs((count ?? 0) / 10_000 - share)).toBeLessThan(0.015)

  it('give each client its own order, and what follows to all', () => {
    const view = viewBy([{ when: {}, prefer: ['virginia', { split: { paris: 1, cdn: 3 } }, 'belgium'] }])
    const orders = new Set<string>()
    for (let index = 0; index < 100; index++) orders.add(order(view, PARIS, `10.0.0.${index}`, 'pause'))
    expect([...orders].sort()).toEqual(['virginia cdn paris belgium iowa', 'virginia paris cdn belgium iowa'])
    const counts: Record<string, number> = {}
    for (let index = 0; index < 10_000; index++) {
      const { id } = view.candidates(PARIS, address(index), 'pause').blob[1]!.backend
      counts[id] = (counts[id] ?? 0) + 1
    }
    near(counts.cdn, 0.75)
  })

  it('take the nearest of a group, and leave out a group that is too far', () => {
    const view = viewBy([{ when: {}, prefer: [{ split: { stores: 50, 'upstreams@gcp': 25, cdn: 25 } }] }])
    // Nothing in Iowa is near Paris but as far as the canonical upstream is; the nearest of all stores is in Paris.
    const counts = firsts(view, PARIS)
    near(counts.paris, 0.5)
    near(counts.iowa, 0.25)
    near(counts.cdn, 0.25)
    const close = viewBy([
      { when: {}, prefer: [{ split: { 'stores@aws': 50, 'upstreams@gcp': 25, cdn: 25 } }], within: 1000 },
    ])
    const shared = firsts(close, PARIS)
    expect(shared.iowa).toBeUndefined()
    near(shared.paris, 2 / 3)
    expect(close.candidates(PARIS).splits![0]!.between.map(({ selector }) => selector.text)).toEqual([
      'stores@aws',
      'cdn',
    ])
  })

  it('are for clients somewhere too', () => {
    const counts = firsts(viewBy([{ when: {}, prefer: [{ split: { cdn: 1, 'stores@aws': 1 } }] }]), undefined)
    near(counts.cdn, 0.5)
    near(counts.paris, 0.5)
  })

  it('draw clients without an address as one, by what they ask for', () => {
    const view = viewBy([{ when: {}, prefer: [{ split: { paris: 1, virginia: 1 } }] }])
    const orders = new Set<string>()
    for (let index = 0; index < 100; index++) {
      const found = order(view, PARIS, undefined, `app-${index}`)
      expect(order(view, PARIS, undefined, `app-${index}`)).toBe(found)
      orders.add(found)
    }
    expect(orders.size).toBe(2)
  })

  it('keep no more lists than a bound, however many orders there are, and work them out again', () => {
    const ids = Array.from({ length: 8 }, (_, index) => `s${index}`)
    const weights = Object.fromEntries(ids.map((id) => [id, 1]))
    const view = createView({
      upstreams: [upstreamAt('iowa', IOWA, { canonical: true })],
      stores: ids.map((id) => storeAt(id, PARIS)),
      ...compileRouting({ routing: [{ when: {}, prefer: [{ split: weights }] }] }),
      isUsable: () => true,
    })
    const listOf = (index: number) => view.candidates(PARIS, address(index), 'pause').blob
    const first = listOf(0)
    expect(listOf(0)).toBe(first)
    // Of 40,320 orders, more than are kept.
    const orders = new Set<string>()
    for (let index = 0; index < 20_000; index++) {
      orders.add(
        listOf(index)
          .map(({ backend }) => backend.id)
          .join(' '),
      )
    }
    expect(orders.size).toBeGreaterThan(10_000)
    expect(listOf(0)).not.toBe(first)
    expect(listOf(0)).toEqual(first)
  })
})

describe('policies', () => {
  const policies: PolicyConfig[] = [
    { id: 'canary', share: 0.1, routing: [{ when: {}, prefer: ['virginia'] }] },
    { id: 'other', share: 0.2, routing: [{ when: { cloud: ['gcp'] }, prefer: ['cdn'] }] },
  ]
  const view = viewBy([{ when: {}, prefer: ['paris'] }], policies)
  const policyOf = (view: View, index: number) => view.candidates(PARIS, address(index), 'pause').policy!

  it('are each for a share of all clients, and take the place of all rules', () => {
    const counts: Record<string, number> = {}
    const rules = new Set<string>()
    for (let index = 0; index < 100_000; index++) {
      const { policy, rule, blob } = view.candidates(PARIS, address(index), 'pause')
      counts[policy!] = (counts[policy!] ?? 0) + 1
      rules.add(`${policy} ${rule} ${blob[0]!.backend.id}`)
    }
    expect(Math.abs(counts.canary! / 100_000 - 0.1)).toBeLessThan(0.005)
    expect(Math.abs(counts.other! / 100_000 - 0.2)).toBeLessThan(0.005)
    // No rule of the last one is for this place, and the main ones are not asked then.
    expect([...rules].sort()).toEqual(['canary 1 virginia', 'main 1 paris', 'other undefined paris'])
  })

  it('are the same whatever a client asks for, and the main one without an address', () => {
    for (let index = 0; index < 1000; index++) {
      const asked = (repository: string) => view.candidates(PARIS, address(index), repository).policy
      expect(asked('a')).toBe(asked('b'))
    }
    expect(view.candidates(PARIS).policy).toBe('main')
    expect(viewBy([]).candidates(PARIS).policy).toBeUndefined()
  })

  it('keep who is in them when their share rises, and are for nobody without one', () => {
    const at = (share: number) => viewBy([], [{ ...policies[0]!, share }])
    const [none, tenth, fifth, all] = [at(0), at(0.1), at(0.2), at(1)]
    for (let index = 0; index < 10_000; index++) {
      expect(policyOf(none, index)).toBe('main')
      expect(policyOf(all, index)).toBe('canary')
      if (policyOf(tenth, index) === 'canary') expect(policyOf(fifth, index)).toBe('canary')
    }
  })
})

it('keeps what it ranked for a place, and of places made anew for each request only so many', () => {
  const view = viewBy([])
  const before = view.candidates(PARIS)
  expect(view.candidates(PARIS)).toBe(before)
  for (let made = 0; made < PLACES_KEPT; made++) view.candidates({ name: 'some/where' })
  expect(view.candidates(PARIS)).not.toBe(before)
  expect(view.candidates(PARIS)).toEqual(before)
})
