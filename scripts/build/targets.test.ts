import { join } from 'node:path'
import { expect, it } from 'vitest'
import { lockedOf } from './bun-runtime.ts'
import { TARGETS, targetsNamed } from './targets.ts'

it('are all of them unless some are named', () => {
  expect(targetsNamed([])).toBe(TARGETS)
  expect(targetsNamed(['darwin-arm64', 'linux-x64']).map(({ bun }) => bun)).toEqual([
    'bun-darwin-arm64',
    'bun-linux-x64',
  ])
})

it.each([
  ['windows-x64', 'there is no executable for windows-x64; it has to be one of linux-x64, linux-arm64,'],
  ['', 'there is no executable for an empty name'],
])('cannot be "%s"', (name, message) => {
  expect(() => targetsNamed([name])).toThrow(message)
})

it.each(TARGETS)('have a runtime whose bytes package-lock.json names: $name', ({ runtime }) => {
  expect(lockedOf(runtime, join(import.meta.dirname, '../..')).integrity).toMatch(/^sha512-/)
})
