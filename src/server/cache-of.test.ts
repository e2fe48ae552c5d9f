import { expect, test } from 'vitest'
import { configOf } from '../../test/support/config.ts'
import { createTestRuntime } from '../../test/support/test-runtime.ts'
import { checkSameMirror, openCache } from './cache-of.ts'

const UPSTREAM = { upstreams: [{ id: 'a', url: 'https://a.test', at: 'dc/x' }] }
const CACHE = { folder: '/kept', size: '1GiB' }
const mirror = (cache: object | 'off' = CACHE) => configOf({ ...UPSTREAM, delivery: 'relay', cache })

test.each([
  ['a mirror of a runtime without files', mirror('off'), 'delivery: relay needs a process'],
  ['the same with a cache', mirror(), 'delivery: relay needs a process'],
])('%s is refused', async (_, config, message) => {
  await expect(openCache(config, createTestRuntime())).rejects.toThrow(message)
})

test('a door that redirects has no cache anywhere', async () => {
  expect(await openCache(configOf(UPSTREAM), createTestRuntime())).toBeUndefined()
})

test.each([
  ['delivery', configOf(UPSTREAM), 'delivery cannot change'],
  ['the folder', mirror({ ...CACHE, folder: '/other' }), 'cache.folder cannot change'],
  ['the size', mirror({ ...CACHE, size: '2GiB' }), 'cache.size cannot change'],
  ['whether there is a cache', mirror('off'), 'cache.folder cannot change'],
])('%s stays while a mirror runs', (_, next, message) => {
  expect(() => checkSameMirror(mirror(), next)).toThrow(message)
})

test('what is pinned may change', () => {
  checkSameMirror(mirror(), mirror({ ...CACHE, pin: ['images.txt'] }))
})
