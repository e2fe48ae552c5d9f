import { expect, it } from 'vitest'
import { MemoryRegistry } from '../../../test/support/memory-registry.ts'
import { PortolanError } from '../../errors.ts'
import type { LegacyList } from '../../legacy/legacy-list.ts'
import { parseDigest } from '../../oci/digest.ts'
import type { Descriptor } from '../../oci/manifest.ts'
import type { Name } from '../../oci/name.ts'
import { checkLegacy } from './check-legacy.ts'
import { Exceptions } from './exceptions.ts'
import { listedOldName } from './listed-old-name.ts'
import type { OldName } from './old-name.ts'
import { registryOldName } from './registry-old-name.ts'

const LISTED = '2026-11-20T08:00:00.000Z'
const BEGAN = '2026-11-27T08:00:00.000Z'
const [AMD64, ARM64] = ['amd64', 'arm64'].map((architecture) => ({ os: 'linux', architecture }))

const signatureOf = ({ digest }: Pick<Descriptor, 'digest'>, suffix = '.sig') =>
  `${digest.replace(':', '-')}${suffix}`

/** One of each kind, in repositories that share content. */
function harbour(): MemoryRegistry {
  const registry = new MemoryRegistry()
  const amd64 = registry.addImage('app', { layers: ['base', 'amd64'], platform: AMD64! })
  const arm64 = registry.addImage('app', { layers: ['base', 'arm64'], platform: ARM64! })
  const index = registry.addIndex('app', [amd64, arm64])
  registry.tag('app', 'v1', index)
  registry.tag('app', 'latest', index)
  registry.tag(
    'app',
    'nested',
    registry.addIndex('app', [index, registry.addImage('app', { layers: ['more'] })]),
  )
  registry.tag('app', signatureOf(index), registry.addImage('app', { layers: ['signature'] }))
  // About a child, and about that.
  const sbom = registry.addImage('app', {
    layers: ['sbom'],
    subject: arm64,
    artifactType: 'application/spdx',
  })
  registry.addImage('app', { layers: ['signed sbom'], subject: sbom, artifactType: 'application/signature' })
  registry.tag('team/tool', '1.0', registry.addImage('team/tool', { layers: ['base', 'tool'], docker: true }))
  registry.tag(
    'team/tool',
    '__proto__',
    registry.addImage('team/tool', { layers: ['x'], algorithm: 'sha512' }),
  )
  return registry
}

interface Changes {
  readonly next?: MemoryRegistry
  readonly except?: readonly string[]
}

const byRegistry = (registry: MemoryRegistry): OldName =>
  registryOldName(
    {
      location: 'old.test',
      names: () => registry.catalog(),
      repository: (name) => registry.repository(name),
    },
    LISTED,
    new AbortController().signal,
  )

function check(old: OldName, { next = harbour(), except = [] }: Changes = {}) {
  const { signal } = new AbortController()
  const exceptions = new Exceptions(except)
  return checkLegacy(old, next, { host: 'old.test', began: BEGAN, exceptions, blobs: true, signal })
}

const badOf = ({ counts: { missing, different, unknown } }: LegacyList) => ({ missing, different, unknown })
const CLEAN = { missing: 0, different: 0, unknown: 0 }

/** All that a registry is asked in a check in which nothing is wrong. */
async function questions(of: 'old' | 'next'): Promise<readonly string[]> {
  const [old, next] = [harbour(), harbour()]
  const { list, incomplete } = await check(byRegistry(old), { next })
  expect([badOf(list), incomplete]).toEqual([CLEAN, []])
  return [...new Set((of === 'old' ? old : next).requests)]
}

const { list: LIST } = await check(byRegistry(harbour()))
const TO_OLD = await questions('old')
const TO_NEXT = await questions('next')

it('lists all tags, and what refers to what', () => {
  expect(LIST).toMatchObject({
    version: 1,
    host: 'old.test',
    listedFrom: 'old.test',
    listed: LISTED,
    checked: BEGAN,
  })
  expect(
    Object.entries(LIST.repositories).map(([name, { tags }]) => [name, Object.keys(tags).length]),
  ).toEqual([
    ['app', 4],
    ['team/tool', 2],
  ])
  expect(Object.keys(LIST.repositories['app' as never]!.referrers!).length).toBe(2)
  expect(LIST.counts).toMatchObject({ repositories: 2, tags: 6, referrers: 2 })
})

/** Questions about content, as repository and digest or tag. */
const CONTENTS = [
  ...new Set(
    TO_NEXT.flatMap((request) => /^(?:GET|HEAD blob) (\S+)@(\S+)$/.exec(request)?.slice(1).join('@') ?? []),
  ),
]

it('every manifest and blob is asked for at the new name', () => {
  expect(CONTENTS.length).toBe(LIST.counts.manifests + LIST.counts.referrers + LIST.counts.blobs)
  expect(CONTENTS.length).toBeGreaterThan(20)
})

it.each(CONTENTS)('nothing is lost unseen: %s', async (content) => {
  const [name = '', digest = ''] = content.split('@')
  const next = harbour()
  next.lose(name, parseDigest(digest)!)
  for (const old of [byRegistry(harbour()), listedOldName(LIST)]) {
    const { list, incomplete } = await check(old, { next })
    expect(incomplete).toEqual([])
    expect(badOf(list)).toEqual({ missing: 1, different: 0, unknown: 0 })
    expect(list.findings).toMatchObject([
      { kind: 'missing', image: content, partOf: expect.stringMatching(`^${name}:`) },
    ])
    // What the list says of the old name does not hang on what the new one has.
    expect(list.repositories).toEqual(LIST.repositories)
  }
})

const failure = () => new PortolanError('UNREACHABLE', 'nobody answers')

it.each(TO_NEXT)('unknown is not absent: the new name does not answer %s', async (request) => {
  for (const old of [byRegistry(harbour()), listedOldName(LIST)]) {
    const next = harbour()
    next.failing.set(request, failure())
    const { list, incomplete } = await check(old, { next })
    expect(incomplete).toEqual([])
    expect(badOf(list)).toEqual({ missing: 0, different: 0, unknown: 1 })
  }
})

it.each(TO_OLD)('what is not known of the old name is never taken for nothing: %s', async (request) => {
  const old = harbour()
  old.failing.set(request, failure())
  const { list, incomplete } = await check(byRegistry(old))
  expect(list.counts).toMatchObject({ missing: 0, different: 0 })
  if (incomplete.length === 0) {
    expect(list.counts.unknown).toBeGreaterThan(0)
    // The tags are all there, since that is what a door refuses by.
    const tags = (of: LegacyList) => Object.values(of.repositories).map((each) => each.tags)
    expect(tags(list)).toEqual(tags(LIST))
  }
})

it('a repository that is nowhere at the new name is missed, tag by tag', async () => {
  const next = { location: 'new.test', repository: () => undefined }
  const { list } = await checkLegacy(listedOldName(LIST), next, {
    ...{ host: 'old.test', began: BEGAN, exceptions: new Exceptions([]), blobs: true },
    signal: new AbortController().signal,
  })
  expect(list.findings.filter(({ what }) => what === 'tag').length).toBe(6)
})

it('tells of the first of many tags that are not answered, and counts the rest', async () => {
  const old = harbour()
  const image = old.addImage('many', { layers: ['one'] })
  for (let index = 0; index < 50; index++) old.tag('many', `v${index}`, image)
  const denied = new PortolanError('ACCESS_DENIED', 'not for you')
  for (let index = 0; index < 50; index++) old.failing.set(`HEAD many:v${index}`, denied)
  const { incomplete } = await check(byRegistry(old))
  expect(incomplete.length).toBe(21)
  expect(incomplete[0]!.message).toBe('many:v0: not for you')
  expect(incomplete[20]!.message).toBe('many: of 30 more tags nobody said what they stand for')
})

it('asks an old name that is down for no more than a few tags', async () => {
  const old = harbour()
  const image = old.addImage('many', { layers: ['one'] })
  for (let index = 0; index < 500; index++) {
    old.tag('many', `v${index}`, image)
    old.failing.set(`HEAD many:v${index}`, failure())
  }
  const { incomplete } = await check(byRegistry(old))
  expect(incomplete.length).toBeGreaterThan(0)
  expect(incomplete.length).toBeLessThanOrEqual(25)
  expect(old.requests.filter((request) => request.startsWith('HEAD many:')).length).toBeLessThan(50)
})

it('warns of the first of many repositories that were emptied', async () => {
  const old = harbour()
  const names = Array.from({ length: 150 }, (_, index) => `emptied/${index}` as Name)
  const place = {
    location: 'old.test',
    names: () => [...names, 'app' as Name],
    repository: (name: Name) => old.repository(name),
  }
  const warnings: string[] = []
  const { signal } = new AbortController()
  const { incomplete } = await checkLegacy(registryOldName(place, LISTED, signal), harbour(), {
    ...{ host: 'old.test', began: BEGAN, exceptions: new Exceptions([]), blobs: true, signal },
    report: (event) => event.kind === 'warning' && warnings.push(event.message),
  })
  expect([incomplete, warnings.length, warnings.at(-1)]).toEqual([[], 101, '50 more warnings are left out'])
})

it('ends when it is told to', async () => {
  const next = harbour()
  const stop = new AbortController()
  const [last = ''] = TO_NEXT.toReversed()
  const { signal } = stop
  const checking = checkLegacy(listedOldName(LIST), next, {
    ...{ host: 'old.test', began: BEGAN, exceptions: new Exceptions([]), blobs: true, signal },
    report: () => stop.abort(new Error('that is enough')),
  })
  await expect(checking).rejects.toThrow('that is enough')
  expect(next.requests).not.toContain(last)
})
