import { expect, test } from 'vitest'
import { compilePattern } from '../../config/compile-pattern.ts'
import type { Conditions } from '../../config/condition.ts'
import { type Address, parseAddress } from '../../net/address.ts'
import { clientKey, drawn } from '../draw.ts'
import { policySalt } from '../policy.ts'
import { compileCohort, drawNetwork, isInCohort, legacySalt } from './cohort.ts'

const SALT = legacySalt('old.example')
const NETWORKS = 50_000

const addressOf = (index: number, host = 7) =>
  parseAddress(`${20 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}.${host}`)!
const clientAt = (address: Address | undefined) => ({ address, via: 'peer', located: undefined }) as const
const isIn = (share: number, address: Address | undefined, when: Conditions = {}, repository = 'app') =>
  isInCohort(compileCohort({ share, when }, compilePattern), clientAt(address), repository, SALT)

test('a cohort is as large as its share, and all of it is in every larger one', () => {
  const shares = [0.001, 0.01, 0.1, 0.5, 0.9]
  const counts = shares.map(() => 0)
  for (let index = 0; index < NETWORKS; index++) {
    const inside = shares.map((share) => isIn(share, addressOf(index)))
    for (const [at, is] of inside.entries()) if (is) counts[at]!++
    expect(inside.indexOf(true) < 0 || !inside.slice(inside.indexOf(true)).includes(false)).toBe(true)
  }
  for (const [at, share] of shares.entries()) {
    const deviation = Math.sqrt(NETWORKS * share * (1 - share))
    expect(Math.abs(counts[at]! - NETWORKS * share)).toBeLessThan(5 * deviation)
  }
})

test.each([
  ['198.51.100.1', '198.51.100.254', true],
  ['198.51.100.1', '198.51.101.1', false],
  ['2001:db8:1:2::1', '2001:db8:1:ffff::9', true],
  ['2001:db8:1:2::1', '2001:db8:2:2::1', false],
  ['::ffff:198.51.100.1', '198.51.100.9', true],
])('%s and %s draw as one: %j', (one, other, same) => {
  expect(drawNetwork(parseAddress(one), SALT) === drawNetwork(parseAddress(other), SALT)).toBe(same)
})

test('who has no address is in none but the whole', () => {
  expect([0.5, 0.999, 1].map((share) => isIn(share, undefined))).toEqual([false, false, true])
  expect(isIn(1, undefined, { prefix: ['0.0.0.0/0'] })).toBe(false)
})

test('what is drawn for one old name says nothing of another one, nor of a policy', () => {
  const other = legacySalt('older.example')
  const policy = policySalt('old.example')
  let both = 0
  let withPolicy = 0
  for (let index = 0; index < NETWORKS; index++) {
    const address = addressOf(index, 0)
    if (drawNetwork(address, SALT)! >= 0.1) continue
    if (drawNetwork(address, other)! < 0.1) both++
    if (drawn(clientKey(address), policy) < 0.1) withPolicy++
  }
  for (const count of [both, withPolicy]) {
    expect(count).toBeGreaterThan(NETWORKS * 0.01 * 0.8)
    expect(count).toBeLessThan(NETWORKS * 0.01 * 1.2)
  }
})

test.each<[Conditions, string, string, boolean]>([
  [{}, '198.51.100.1', 'app', true],
  [{ prefix: ['198.51.100.0/24'] }, '198.51.100.1', 'app', true],
  [{ prefix: ['198.51.100.0/24', '2001:db8::/32'] }, '2001:db8::1', 'app', true],
  [{ prefix: ['198.51.100.0/24'] }, '198.51.101.1', 'app', false],
  [{ repository: ['team/**'] }, '198.51.100.1', 'team/a/b', true],
  [{ repository: ['team/**'] }, '198.51.100.1', 'app', false],
  [{ prefix: ['198.51.100.0/24'], repository: ['team/*'] }, '198.51.100.1', 'app', false],
  [{ cloud: ['aws'] }, '198.51.100.1', 'app', false],
])('conditions %j hold for %s and %s: %j', (when, address, repository, holds) => {
  expect(isIn(1, parseAddress(address), when, repository)).toBe(holds)
})
