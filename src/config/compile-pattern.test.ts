import { expect, it } from 'vitest'
import { compilePattern } from './compile-pattern.ts'

it.each([
  ['*', 'pause', true],
  ['*', 'coredns/coredns', false],
  ['**', 'coredns/coredns', true],
  ['coredns/*', 'coredns/coredns', true],
  ['kube-{proxy,scheduler}', 'kube-proxy', true],
  ['kube-{proxy,scheduler}', 'kube-controller', false],
  ['v1.[0-9]', 'v1.2', true],
  ['v1.?', 'v1.29', false],
  ['!(latest|main)', 'v1', true],
  ['!(latest|main)', 'main', false],
  ['!latest', 'v1', false],
  ['*', '.hidden', true],
  ['V1', 'v1', false],
  ['/^v1\\.\\d+$/', 'v1.29', true],
  ['/^v1\\.\\d+$/', 'v1.29.0', false],
  ['/rc/', 'v1.0.0-rc.1', true],
  ['//', 'anything', false],
])('%s for %s: %s', (pattern, value, expected) => {
  expect(compilePattern(pattern)(value)).toBe(expected)
})

it.each(['', '/(/', '/[z-a]/'])('refuses %j, naming it', (pattern) => {
  expect(() => compilePattern(pattern)).toThrow(
    expect.objectContaining({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(JSON.stringify(pattern)),
    }),
  )
})
