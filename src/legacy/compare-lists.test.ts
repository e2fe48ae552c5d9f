import { expect, it } from 'vitest'
import { compareLists } from './compare-lists.ts'
import type { LegacyList } from './legacy-list.ts'

type Tags = Readonly<Record<string, readonly string[]>>

/** By repository, tags as `TAG=DIGEST`. */
function listOf(tags: Tags): Pick<LegacyList, 'repositories'> {
  const repositories = Object.entries(tags).map(([name, all]) => [
    name,
    { tags: Object.fromEntries(all.map((each) => each.split('='))) },
  ])
  return { repositories: Object.fromEntries(repositories) }
}

it.each<[what: string, before: Tags, after: Tags, lost: string[], moved: string[], added: string[]]>([
  ['nothing', { a: ['1=x'] }, { a: ['1=x'] }, [], [], []],
  ['a tag less', { a: ['1=x', '2=x'] }, { a: ['1=x'] }, ['a:2'], [], []],
  ['a repository less', { a: ['1=x'], b: ['1=x'] }, { a: ['1=x'] }, ['b:1'], [], []],
  ['a tag more, and a repository', { a: ['1=x'] }, { a: ['1=x', '2=x'], b: ['1=y'] }, [], [], ['a:2', 'b:1']],
  ['a tag that moved', { a: ['1=x'] }, { a: ['1=y'] }, [], ['a:1'], []],
  [
    'names of every object',
    { a: ['1=x'] },
    { a: ['1=x', 'constructor=x'], constructor: ['__proto__=x'] },
    [],
    [],
    ['a:constructor', 'constructor:__proto__'],
  ],
  [
    'the same, gone',
    { a: ['constructor=x', '__proto__=x'], valueof: ['1=x'] },
    { a: [] },
    ['a:constructor', 'a:__proto__', 'valueof:1'],
    [],
    [],
  ],
])('%s', (_, before, after, lost, moved, added) => {
  const changes = compareLists(listOf(before), listOf(after))
  expect([changes.lost.first, changes.moved.first, changes.added.first]).toEqual([lost, moved, added])
  expect([changes.lost.count, changes.moved.count, changes.added.count]).toEqual(
    [lost, moved, added].map(({ length }) => length),
  )
})

it('names the first, and counts all', () => {
  const many = { a: Array.from({ length: 7 }, (_, index) => `${index}=x`) }
  expect(compareLists(listOf(many), listOf({}))).toMatchObject({
    lost: { count: 7, first: ['a:0', 'a:1', 'a:2', 'a:3', 'a:4'] },
  })
})
