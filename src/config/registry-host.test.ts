import { expect, test } from 'vitest'
import { readRegistryHost } from './registry-host.ts'

test.each(['docker.io', 'registry.test:5000', 'localhost', '10.0.0.1', '[::1]:5000', '[::1]', 'a-b.example'])(
  '%s is the host of a registry',
  (text) => expect(readRegistryHost(text)).toBe(text),
)

test('upper case is not kept', () => {
  expect(readRegistryHost('Docker.IO')).toBe('docker.io')
})

test.each(['', ':5000', 'a/b', 'https://a.example', 'a b', '-a', '1.2.3', 'a.example:99999'])(
  '"%s" is none',
  (text) => expect(readRegistryHost(text)).toBeUndefined(),
)
