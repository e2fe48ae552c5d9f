import { expect, it } from 'vitest'
import { formatPlatform, matchesPlatform, parsePlatform } from './platform.ts'

it.each([
  ['linux/amd64', 'linux/amd64', true],
  ['linux/amd64', 'linux/amd64/v3', true],
  ['linux/amd64/v1', 'linux/amd64', true],
  ['linux/amd64', 'windows/amd64', false],
  ['linux/arm', 'linux/arm/v6', true],
  ['linux/arm/v7', 'linux/arm/v6', false],
  ['linux/arm/v7', 'linux/arm', true],
  ['linux/arm/v6', 'linux/arm', false],
  ['linux/arm64/v8', 'linux/arm64', true],
  ['linux/arm64', 'linux/arm64/v8', true],
  ['linux/arm64/v9', 'linux/arm64', false],
  ['linux/arm64', 'linux/arm', false],
  ['linux/s390x/z13', 'linux/s390x', false],
])('%s, when wanted, takes %s: %s', (wanted, offered, expected) => {
  expect(matchesPlatform(parsePlatform(wanted)!, parsePlatform(offered)!)).toBe(expected)
})

it.each(['linux/amd64', 'linux/arm/v7'])('writes %s as it was read', (text) => {
  expect(formatPlatform(parsePlatform(text)!)).toBe(text)
})

it.each(['linux', '', 'linux/', 'linux/arm/v7/x', 'Linux/amd64', 'linux amd64', '/amd64', 'linux//v7'])(
  'does not read %j',
  (text) => {
    expect(parsePlatform(text)).toBeUndefined()
  },
)
