import { describe, expect, it } from 'vitest'
import { type Address, parseAddress } from '../net/address.ts'
import { compileRouting } from './compile-routing.ts'
import { clientKey, pullKey, textKey } from './draw.ts'
import { drawPolicy } from './policy.ts'
import { compileSplit, drawSplit, orderOf } from './split.ts'

const MILLION = 1_000_000
const WEIGHTS = { cdn: 50, 'stores@aws': 30, 'stores@gcp': 15, paris: 5 }

const ipv4 = (word0: number): Address => ({ family: 4, word0, word1: 0, word2: 0, word3: 0 })
const ipv6 = (word0: number, word1: number, word3 = 0): Address => ({
  family: 6,
  word0,
  word1,
  word2: 0,
  word3,
})

/** Who asks for what, a million times, as it may look to a door. */
const CROWDS: Readonly<Record<string, (index: number) => number>> = {
  'neighbours in one network after the other': (index) => pullKey(ipv4(0x0a00_0000 + index), 'pause'),
  'one machine in each /24': (index) => pullKey(ipv4((index << 8) | 7), 'pause'),
  'nodes of clusters, who all pull forty images': (index) =>
    pullKey(ipv4(0xac10_0000 + Math.floor(index / 40)), `app-${index % 40}`),
  'one address, by what it pulls': (index) => pullKey(ipv4(0xcb00_7101), `team/app-${index}`),
  'households of IPv6': (index) => pullKey(ipv6(0x2001_0db8, index), 'kube-proxy'),
  'networks of IPv6, with one household each': (index) => pullKey(ipv6(index, 1), 'kube-proxy'),
}

/** How often each selector is the first. */
function shares(weights: Readonly<Record<string, number>>, keyOf: (index: number) => number) {
  const split = compileSplit(weights)
  const counts = new Map<string, number>()
  for (let index = 0; index < MILLION; index++) {
    const { text } = drawSplit(split, keyOf(index))[0]!.selector
    counts.set(text, (counts.get(text) ?? 0) + 1)
  }
  return counts
}

describe('a million clients', () => {
  it.each(Object.entries(CROWDS))('are split as the weights say: %s', (_, keyOf) => {
    const counts = shares(WEIGHTS, keyOf)
    for (const [text, weight] of Object.entries(WEIGHTS)) {
      expect(Math.abs(counts.get(text)! / MILLION - weight / 100)).toBeLessThan(0.005)
    }
  })

  it('are split by weights of any sum, however unequal', () => {
    const counts = shares({ small: 0.002, large: 1.998 }, CROWDS['one machine in each /24']!)
    expect(Math.abs(counts.get('small')! / MILLION - 0.001)).toBeLessThan(0.0002)
  })

  it('stay where they are, but those of a backend that leaves, who each go to their own next one', () => {
    const keyOf = CROWDS['neighbours in one network after the other']!
    const { 'stores@aws': _, ...fewer } = WEIGHTS
    const [all, rest] = [compileSplit(WEIGHTS), compileSplit(fewer)]
    const gained = new Map<string, number>()
    let moved = 0
    for (let index = 0; index < MILLION; index++) {
      const [first, second] = drawSplit(all, keyOf(index)).map(({ selector }) => selector.text)
      const now = drawSplit(rest, keyOf(index))[0]!.selector.text
      if (first !== 'stores@aws') {
        if (now !== first) expect.fail(`${index} moved from ${first} to ${now}`)
        continue
      }
      moved++
      if (now !== second) expect.fail(`${index} went to ${now}, and its next was ${second}`)
      gained.set(now, (gained.get(now) ?? 0) + 1)
    }
    // They are shared out as the other weights say.
    for (const [text, weight] of Object.entries(fewer)) {
      expect(Math.abs(gained.get(text)! / moved - weight / 70)).toBeLessThan(0.005)
    }
  })

  it('move only to a selector whose weight rises', () => {
    const keyOf = CROWDS['one machine in each /24']!
    const [before, after] = [compileSplit(WEIGHTS), compileSplit({ ...WEIGHTS, paris: 20 })]
    let moved = 0
    for (let index = 0; index < MILLION; index++) {
      const [from, to] = [before, after].map((split) => drawSplit(split, keyOf(index))[0]!.selector.text)
      if (from === to) continue
      if (to !== 'paris') expect.fail(`${index} moved from ${from} to ${to}`)
      moved++
    }
    // From 5 of 100 to 20 of 115.
    expect(Math.abs(moved / MILLION - (20 / 115 - 0.05))).toBeLessThan(0.002)
  })

  it('are in a policy or not whatever they are split to', () => {
    const { policies } = compileRouting({
      routing: [],
      policies: [{ id: 'canary', share: 0.2, routing: [] }],
    })
    const split = compileSplit(WEIGHTS)
    const texts = Object.keys(WEIGHTS)
    const table = [new Map<string, number>(), new Map<string, number>()]
    for (let index = 0; index < MILLION; index++) {
      const address = ipv4(0x0a00_0000 + index)
      const row = table[drawPolicy(policies, address) === undefined ? 0 : 1]!
      const { text } = drawSplit(split, pullKey(address, 'pause'))[0]!.selector
      row.set(text, (row.get(text) ?? 0) + 1)
    }
    expect(chiSquare(table.map((row) => texts.map((text) => row.get(text)!)))).toBeLessThan(LIMIT_3)
    const canary = [...table[1]!.values()].reduce((sum, count) => sum + count, 0)
    expect(Math.abs(canary / MILLION - 0.2)).toBeLessThan(0.005)
  })
})

/** What chi-square with three degrees of freedom exceeds once in a thousand times. */
const LIMIT_3 = 16.27

/** How far a table is from one whose rows and columns know nothing of each other. */
function chiSquare(table: readonly (readonly number[])[]): number {
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
  const all = sum(table.map(sum))
  return sum(
    table.flatMap((row) =>
      row.map((seen, column) => {
        const expected = (sum(row) * sum(table.map((each) => each[column]!))) / all
        return (seen - expected) ** 2 / expected
      }),
    ),
  )
}

describe('a draw', () => {
  const split = compileSplit(WEIGHTS)

  it('is the same for an address however it is written, and for a whole /64', () => {
    const key = (text: string) => clientKey(parseAddress(text))
    expect(key('::ffff:192.0.2.1')).toBe(key('192.0.2.1'))
    expect(key('2001:db8::1')).toBe(key('2001:db8::ffff:1234:5678:9abc'))
    expect(key('2001:db8::')).not.toBe(key('2001:db8:0:1::'))
    expect(key('192.0.2.1')).not.toBe(key('192.0.2.2'))
    expect(pullKey(undefined, 'a')).toBe(pullKey(undefined, 'a'))
    expect(pullKey(undefined, 'a')).not.toBe(pullKey(undefined, 'b'))
  })

  it('does not depend on the order in which selectors are written', () => {
    const reversed = compileSplit(Object.fromEntries(Object.entries(WEIGHTS).reverse()))
    for (let index = 0; index < 10_000; index++) {
      const [one, other] = [split, reversed].map((each) =>
        drawSplit(each, textKey(`client ${index}`)).map(({ selector }) => selector.text),
      )
      expect(one).toEqual(other)
    }
  })

  // A test of what every door and every runtime must agree on: another result would move all clients at an upgrade.
  it('is this one', () => {
    const drawn = ['192.0.2.1', '192.0.2.2', '198.51.100.7', '2001:db8::1', '::ffff:203.0.113.9'].map(
      (text) =>
        drawSplit(split, pullKey(parseAddress(text), 'kube-proxy'))
          .map(({ selector }) => selector.text)
          .join(' '),
    )
    expect(drawn).toMatchInlineSnapshot(`
      [
        "stores@gcp cdn stores@aws paris",
        "stores@aws cdn stores@gcp paris",
        "cdn stores@aws stores@gcp paris",
        "stores@aws cdn paris stores@gcp",
        "stores@gcp stores@aws cdn paris",
      ]
    `)
  })

  it('has another number for each order of each split, as many as there may be', () => {
    const twelve = compileSplit(Object.fromEntries(Array.from({ length: 12 }, (_, at) => [`s${at}`, 1])))
    const two = compileSplit({ a: 1, b: 1 })
    for (const splits of [[twelve], [two, two, compileSplit(WEIGHTS)]]) {
      const orders = new Map<string, number>()
      for (let index = 0; index < 5000; index++) {
        const key = textKey(`client ${index}`)
        const order = splits
          .map((each) => drawSplit(each, key).map(({ selector }) => selector.text))
          .join('|')
        const number = orderOf(splits, key)
        expect(Number.isSafeInteger(number)).toBe(true)
        expect(orders.get(order) ?? number).toBe(number)
        orders.set(order, number)
      }
      expect(new Set(orders.values()).size).toBe(orders.size)
    }
  })
})
