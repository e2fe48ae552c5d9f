import { describe, expect, it } from 'vitest'
import type { SyncConfig } from '../config/config.ts'
import type { Name, Tag } from '../oci/name.ts'
import { createSelector } from './selection.ts'

const NAMES = ['pause', 'coredns/coredns', 'kube-proxy', 'kube-apiserver', 'pause'] as Name[]
const TAGS = ['latest', 'v1.9.0', 'v1.10.0', '1.10', 'v1.11.0-rc.1', 'main', 'v1.10.1'] as Tag[]
const SIGNATURE = `sha256-${'a'.repeat(64)}.sig` as Tag

const selector = ({
  repositories,
  tags,
}: {
  repositories?: Partial<SyncConfig['repositories']>
  tags?: Partial<SyncConfig['tags']>
}) =>
  createSelector({
    repositories: { list: 'catalog', include: [], exclude: [], ...repositories },
    tags: { include: [], exclude: [], ...tags },
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
    expect(selector({ tags }).tags(TAGS).chosen).toEqual(chosen)
  })

  it('leaves signature tags to those who know what was signed', () => {
    expect(selector({ tags: { include: ['sha256-*', 'main'] } }).tags([...TAGS, SIGNATURE]).chosen).toEqual([
      'main',
    ])
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
    expect(tags(TAGS).matched).toEqual(['tags.include "v*"', 'tags.exclude "v*"'])
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
