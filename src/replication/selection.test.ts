import { describe, expect, it } from 'vitest'
import type { SyncConfig } from '../config/config.ts'
import type { Name, Tag } from '../oci/name.ts'
import { createSelector } from './selection.ts'

const NAMES = ['pause', 'coredns/coredns', 'kube-proxy', 'kube-apiserver', 'pause'] as Name[]
const TAGS = ['latest', 'v1.9.0', 'v1.10.0', '1.10', 'v1.11.0-rc.1', 'main', 'v1.10.1'] as Tag[]
const PAUSE = 'pause' as Name
const SIGNATURE = `sha256-${'a'.repeat(64)}.sig` as Tag

const selector = ({
  repositories,
  tags,
  perRepository = [],
}: {
  repositories?: Partial<SyncConfig['repositories']>
  tags?: Partial<SyncConfig['tags']>
  perRepository?: SyncConfig['perRepository']
}) =>
  createSelector({
    repositories: { list: 'catalog', include: [], exclude: [], ...repositories },
    tags: { include: [], exclude: [], ...tags },
    perRepository,
  })

describe('repositories', () => {
  it.each<[Partial<SyncConfig['repositories']>, string[]]>([
    [{}, ['coredns/coredns', 'kube-apiserver', 'kube-proxy', 'pause']],
    [{ include: ['kube-*'] }, ['kube-apiserver', 'kube-proxy']],
    [{ include: ['kube-*', '/^pause$/'] }, ['kube-apiserver', 'kube-proxy', 'pause']],
    [{ exclude: ['*/*'] }, ['kube-apiserver', 'kube-proxy', 'pause']],
    [{ include: ['kube-*'], exclude: ['/proxy/'] }, ['kube-apiserver']],
    [{ include: ['kube-*'], exclude: ['**'] }, []],
  ])('%j chooses %j', (repositories, chosen) => {
    expect(selector({ repositories }).repositories(NAMES).chosen).toEqual(chosen)
  })
})

describe('tags', () => {
  it.each<[Partial<SyncConfig['tags']>, string[]]>([
    [{}, ['1.10', 'latest', 'main', 'v1.10.0', 'v1.10.1', 'v1.11.0-rc.1', 'v1.9.0']],
    [{ include: ['v1.10.*'] }, ['v1.10.0', 'v1.10.1']],
    [{ exclude: ['/^v/', 'latest'] }, ['1.10', 'main']],
    [{ semver: '>=1.10' }, ['1.10', 'v1.10.0', 'v1.10.1']],
    [{ semver: '>=1.11.0-0' }, ['v1.11.0-rc.1']],
    [{ semver: '*', exclude: ['v*'] }, ['1.10']],
    [{ semver: '^2' }, []],
    [{ latest: 1 }, ['v1.11.0-rc.1']],
    [{ latest: 3 }, ['1.10', 'v1.10.1', 'v1.11.0-rc.1']],
    [{ latest: 6 }, ['1.10', 'latest', 'v1.10.0', 'v1.10.1', 'v1.11.0-rc.1', 'v1.9.0']],
    [{ latest: 2, semver: '>=1', exclude: ['v1.10.1'] }, ['1.10', 'v1.10.0']],
    [{ latest: 100, include: ['main', 'latest'] }, ['latest', 'main']],
  ])('%j chooses %j', (tags, chosen) => {
    expect(selector({ tags }).tags(PAUSE, TAGS).chosen).toEqual(chosen)
  })

  it('leaves signature tags to those who know what was signed', () => {
    expect(
      selector({ tags: { include: ['sha256-*', 'main'] } }).tags(PAUSE, [...TAGS, SIGNATURE]).chosen,
    ).toEqual(['main'])
  })

  it('says which filters matched, excluded or not', () => {
    const { labels, tags } = selector({
      tags: { include: ['v*', 'w*'], exclude: ['v*', 'x*'], semver: '^9' },
    })
    expect(labels).toEqual([
      'tags.include "v*"',
      'tags.include "w*"',
      'tags.exclude "v*"',
      'tags.exclude "x*"',
      'tags.semver "^9"',
    ])
    expect(tags(PAUSE, TAGS).matched).toEqual(['tags.include "v*"', 'tags.exclude "v*"'])
  })
})

describe('tags of some repositories', () => {
  const { labels, repositories, tags } = selector({
    tags: { latest: 1 },
    perRepository: [
      { repositories: ['kube-*'], tags: { include: ['v1.10.*'], exclude: [] } },
      { repositories: ['kube-proxy', 'coredns/*'], tags: { include: [], exclude: [], semver: '1.9' } },
      { repositories: ['etcd'], tags: { include: [], exclude: [] } },
    ],
  })

  it.each<[string, string[]]>([
    ['pause', ['v1.11.0-rc.1']],
    ['kube-proxy', ['v1.10.0', 'v1.10.1']],
    ['coredns/coredns', ['v1.9.0']],
  ])('of %s are %j', (name, chosen) => {
    expect(tags(name as Name, TAGS).chosen).toEqual(chosen)
  })

  it('have filters that are named, those of the repositories too', () => {
    const matched = [...repositories(NAMES).matched, ...NAMES.flatMap((name) => tags(name, TAGS).matched)]
    expect(labels.filter((label) => !matched.includes(label))).toEqual([
      'perRepository[2].repositories "etcd"',
    ])
  })

  it('are refused by name when they cannot be read', () => {
    const perRepository = [{ repositories: ['a'], tags: { include: [], exclude: [], semver: 'newest' } }]
    expect(() => selector({ perRepository })).toThrow('perRepository[0].tags.semver "newest" is not a range')
  })
})

describe('names that the filters say whole', () => {
  it.each<[string[], string[] | undefined]>([
    [
      ['pause', 'team/tool'],
      ['pause', 'team/tool'],
    ],
    [['pause', 'kube-*'], undefined],
    [['/pause/'], undefined],
    [['{a,b}'], undefined],
    [[], undefined],
  ])('%j are %j', (include, names) => {
    expect(selector({ repositories: { include } }).onlyNames).toEqual(names)
  })
})

it.each([
  ['a pattern', { tags: { include: ['/(/'] } }, '"/(/" is not a pattern'],
  ['a range', { tags: { semver: 'newest' } }, 'tags.semver "newest" is not a range'],
])('refuses %s that cannot be read, naming it', (_, config, message) => {
  expect(() => selector(config)).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining(message) }),
  )
})
