import { expect, it } from 'vitest'
import { createTestRuntime } from '../../../test/support/test-runtime.ts'
import type { SharedCache } from './bindings.ts'
import { createCachePresence } from './shared-presence.ts'

function world(parts: Partial<SharedCache> = {}) {
  const kept = new Map<string, Response>()
  const runtime = createTestRuntime()
  const cache: SharedCache = {
    match: async (url) => kept.get(url)?.clone(),
    put: async (url, response) => kept.set(url, response),
    ...parts,
  }
  const [one, other] = [createCachePresence(() => cache, runtime), createCachePresence(() => cache, runtime)]
  return { kept, runtime, one, other }
}

it.each(['present', 'absent'] as const)('tells the others that a content is %s', async (finding) => {
  const { one, other } = world()
  await one.keep('paris', 'sha256:1', finding, 60_000)
  expect(await other.find('paris', 'sha256:1', 0)).toBe(finding)
  expect(await other.find('paris', 'sha256:2', 0)).toBeUndefined()
  expect(await other.find('tokyo', 'sha256:1', 0)).toBeUndefined()
})

it.each([
  [90_500, 'max-age=90'],
  [30 * 86_400_000, 'max-age=3600'],
  [999, undefined],
])('keeps it for %d ms as %s', async (milliseconds, expected) => {
  const { kept, one } = world()
  await one.keep('paris', 'sha256:1', 'present', milliseconds)
  expect([...kept.values()][0]?.headers.get('cache-control')).toBe(expected)
})

it('believes nothing that was found before a store lost what it had', async () => {
  const { runtime, one, other } = world()
  await one.keep('paris', 'sha256:1', 'present', 60_000)
  const since = runtime.date().getTime()
  expect(await other.find('paris', 'sha256:1', since)).toBe('present')
  expect(await other.find('paris', 'sha256:1', since + 1)).toBeUndefined()
})

it('waits no longer for a cache than for a store, and does without one', async () => {
  const silent = world({ match: () => new Promise(() => {}) })
  const found = silent.one.find('paris', 'sha256:1', 0)
  silent.runtime.advance(50)
  expect(await found).toBeUndefined()
  const broken = world({
    match: () => Promise.reject(new Error('too many subrequests')),
    put: () => Promise.reject(new Error('too many subrequests')),
  })
  await broken.one.keep('paris', 'sha256:1', 'present', 60_000)
  expect(await broken.one.find('paris', 'sha256:1', 0)).toBeUndefined()
  const none = createCachePresence(() => undefined, createTestRuntime())
  await none.keep('paris', 'sha256:1', 'present', 60_000)
  expect(await none.find('paris', 'sha256:1', 0)).toBeUndefined()
})
