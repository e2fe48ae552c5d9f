import { describe, expect, it } from 'vitest'
import { PortolanError } from '../errors.ts'
import type { Digest } from '../oci/digest.ts'
import type { Name, Tag } from '../oci/name.ts'
import type { LegacyList } from './legacy-list.ts'
import { formatLegacyList, readLegacyList } from './read-list.ts'

const digestOf = (letter: string) => `sha256:${letter.repeat(64)}` as Digest
const [A, B, C, D] = ['a', 'b', 'c', 'd'].map(digestOf) as [Digest, Digest, Digest, Digest]

const LIST: LegacyList = {
  version: 1,
  host: 'old.example',
  listedFrom: 'backend.example/old',
  listed: '2026-11-20T08:00:00.000Z',
  successor: 'registry.example/images',
  checked: '2026-11-27T08:00:00.000Z',
  counts: {
    ...{ repositories: 2, tags: 3, manifests: 4, blobs: 5, referrers: 1 },
    ...{ missing: 1, different: 0, unknown: 0, excepted: 2 },
  },
  findings: [
    { kind: 'missing', what: 'blob', image: `pause@${B}`, message: 'is not there', partOf: 'pause:3.9' },
  ],
  repositories: {
    pause: { tags: { '3.9': A, latest: A }, referrers: { [A]: [B, C] } },
    'team/tool': { tags: { '1.0': C }, lacks: [D] },
  } as LegacyList['repositories'],
}

const read = (value: unknown) => readLegacyList(JSON.stringify(value))

function faultOf(value: unknown): string {
  try {
    read(value)
  } catch (error) {
    expect(error).toBeInstanceOf(PortolanError)
    expect(error).toMatchObject({ code: 'CONTENT_INVALID' })
    return (error as Error).message
  }
  throw new Error('it was taken')
}

it('reads what was written, all of it', () => {
  expect(readLegacyList(formatLegacyList(LIST))).toEqual(LIST)
})

it('keeps names that mean something to JavaScript, and finds none that the list has not', () => {
  const names = ['constructor', 'valueof', 'pause']
  const tags = ['__proto__', 'constructor', 'toString']
  const digests = Object.fromEntries(tags.map((tag) => [tag, A]))
  const repositories = Object.fromEntries(names.map((name) => [name, { tags: digests }]))
  const { repositories: found } = readLegacyList(
    formatLegacyList({ ...LIST, repositories: repositories as LegacyList['repositories'] }),
  )
  expect(Object.keys(found)).toEqual(names)
  for (const name of names) expect(Object.keys(found[name as Name]!.tags)).toEqual(tags)
  const plain = read(LIST).repositories
  expect(plain['constructor' as Name]).toBeUndefined()
  expect(plain['pause' as Name]!.tags['toString' as Tag]).toBeUndefined()
  expect(plain['pause' as Name]!.tags['__proto__' as Tag]).toBeUndefined()
})

const withRepositories = (repositories: unknown) => ({ ...LIST, repositories })
const withPause = (pause: unknown) => withRepositories({ pause })

it.each<[what: string, value: unknown, message: RegExp]>([
  ['no object', [], /^is no list of an old name: /],
  ['another version', { ...LIST, version: 2 }, /^is no list of an old name: version: /],
  ['a key that nobody knows', { ...LIST, hosts: [] }, /hosts/],
  ['a moment that is none', { ...LIST, checked: 'yesterday' }, /^is no list of an old name: checked: /],
  ['a count below nothing', { ...LIST, counts: { ...LIST.counts, missing: -1 } }, /counts\.missing: /],
  ['a count that is left out', { ...LIST, counts: { missing: 0 } }, /counts\.repositories: /],
  [
    'a finding of no kind',
    { ...LIST, findings: [{ ...LIST.findings[0], kind: 'fine' }] },
    /findings\.0\.kind: /,
  ],
  ['a thousand and one findings', { ...LIST, findings: Array(1001).fill(LIST.findings[0]) }, /findings: /],
  ['no repositories', withRepositories(null), /repositories: must be a map of repositories/],
  ['a list of them', withRepositories([]), /repositories: must be a map of repositories/],
  [
    'a repository that cannot be called so',
    withRepositories({ 'UP/x': { tags: {} } }),
    /^names "UP\/x", which is no repository$/,
  ],
  ['a repository that is nothing', withPause(null), /^does not say what pause has$/],
  ['no tags', withPause({}), /^does not say what pause has$/],
  ['a list of tags', withPause({ tags: ['3.9'] }), /^does not say what pause has$/],
  [
    'more than is known of one',
    withPause({ tags: {}, blobs: [] }),
    /^says "blobs" of pause, which is not known$/,
  ],
  ['a tag that cannot be', withPause({ tags: { 'a b': A } }), /^gives pause "a b", which is no tag$/],
  [
    'a digest that is none',
    withPause({ tags: { '3.9': 'sha256:1' } }),
    /^gives pause:3\.9 "sha256:1", which is no digest$/,
  ],
  ['a number for a digest', withPause({ tags: { '3.9': 1 } }), /^gives pause:3\.9 1, which is no digest$/],
  [
    'referrers of no digest',
    withPause({ tags: {}, referrers: { x: [A] } }),
    /^does not say by digests what refers to pause@"x"$/,
  ],
  ['referrers that are none', withPause({ tags: {}, referrers: { [A]: ['x'] } }), /^does not say by digests/],
  ['referrers that are no list', withPause({ tags: {}, referrers: { [A]: A } }), /^does not say by digests/],
  [
    'what it lacks by no digest',
    withPause({ tags: {}, lacks: ['x'] }),
    /^does not say by digests what pause lacks$/,
  ],
])('refuses %s', (_, value, message) => {
  expect(faultOf(value)).toMatch(message)
})

describe('a hostile file', () => {
  it.each<[what: string, text: string, message: RegExp]>([
    ['no JSON', 'host: old.example', /^is no JSON$/],
    ['nothing', '', /^is no JSON$/],
    ['nests without end', '['.repeat(100_000), /^it nests deeper than 64$/],
    ['a prototype instead of content', '{"__proto__":{"version":1}}', /^is no list of an old name: /],
  ])('%s', (_, text, message) => {
    expect(() => readLegacyList(text)).toThrow(message)
  })

  it('a repository whose tags are those of its prototype', () => {
    const text = JSON.stringify(withPause({})).replace('"pause":{}', `"pause":{"__proto__":{"tags":{}}}`)
    expect(() => readLegacyList(text)).toThrow(/^says "__proto__" of pause, which is not known$/)
  })

  it('does not repeat what it is, which may be a secret', () => {
    expect(() => readLegacyList('password: hunter2')).toThrow(/^is no JSON$/)
  })
})
