import { expect, test } from 'vitest'
import type { LegacyList } from './legacy-list.ts'
import { inPieces, readPiece } from './list-pieces.ts'

const digestOf = (number: number) => `sha256:${number.toString(16).padStart(64, '0')}`

function listOf(repositories: Record<string, readonly string[]>): LegacyList {
  let number = 0
  const withDigests = Object.entries(repositories).map(([name, tags]) => {
    return [name, { tags: Object.fromEntries(tags.map((tag) => [tag, digestOf(number++)])) }]
  })
  return {
    ...{ version: 1, host: 'old.example', listedFrom: 'x', listed: 'x', successor: 'y', checked: 'now' },
    counts: {
      ...{ repositories: 0, tags: 0, manifests: 0, blobs: 0, referrers: 0 },
      ...{ missing: 0, different: 0, unknown: 0, excepted: 0 },
    },
    findings: [],
    repositories: Object.fromEntries(withDigests),
  } as LegacyList
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => `v${index}`)

test.each<[string, Record<string, readonly string[]>, number]>([
  ['no repository', {}, 1],
  ['one without tags', { empty: [] }, 1],
  ['tags out of order, numbers among them', { app: ['latest', '10', '2', 'Z'] }, 1],
  ['a repository of several pieces', { first: ['a'], large: numbers(10_000), last: ['b'] }, 3],
  ['tags that fill their pieces', { one: numbers(4095), two: numbers(4096), three: [] }, 4],
  ['very many repositories', Object.fromEntries(numbers(5000).map((name) => [name, ['a']])), 3],
])('%s can be put together from pieces again', (_, repositories, count) => {
  const list = listOf(repositories)
  const { pieces, ...head } = inPieces(list)
  expect(head).toEqual({ host: list.host, checked: list.checked, counts: list.counts })
  const found = new Map<string, [string, string][]>()
  for (const piece of pieces) {
    for (const [name, tags] of readPiece(piece)) {
      found.set(name, [
        ...(found.get(name) ?? []),
        ...tags.map(([tag, digest]): [string, string] => [tag, digest]),
      ])
    }
  }
  const expected = Object.entries(list.repositories).map(([name, { tags }]) => {
    return [name, Object.entries(tags).sort(([one], [other]) => (one < other ? -1 : 1))]
  })
  expect([...found]).toEqual(expected)
  expect(pieces.length).toBeLessThanOrEqual(count)
  for (const piece of pieces)
    expect(readPiece(piece).flatMap(([, tags]) => tags).length).toBeLessThanOrEqual(4096)
})
