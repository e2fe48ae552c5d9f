import { expect, it } from 'vitest'
import type { Digest } from './digest.ts'
import { keepPlatforms, readPlatform } from './keep-platforms.ts'
import { type Descriptor, OCI_MANIFEST, type Platform } from './manifest.ts'

const child = (letter: string, platform?: Platform, about?: string): Descriptor => ({
  mediaType: OCI_MANIFEST,
  digest: digest(letter),
  size: 1,
  ...(platform && { platform }),
  ...(about !== undefined && { annotations: { 'vnd.docker.reference.digest': about } }),
})
const digest = (letter: string) => `sha256:${letter.repeat(64)}` as Digest
const UNKNOWN = { os: 'unknown', architecture: 'unknown' }

it.each(['linux', '', 'linux/', 'linux/arm/v7/x', 'Linux/amd64', 'linux amd64'])('refuses %j', (text) => {
  expect(() => readPlatform(text)).toThrow(
    expect.objectContaining({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(JSON.stringify(text)),
    }),
  )
})

const CHILDREN = [
  child('a', { os: 'linux', architecture: 'amd64' }),
  child('b', { os: 'linux', architecture: 'arm64' }),
  child('c', UNKNOWN, digest('a')),
  child('d', UNKNOWN, digest('b')),
  child('e', UNKNOWN),
  child('f'),
  child('1', undefined, digest('9')),
]

it.each([
  ['all, when none is wanted in particular', [], 'abcdef1'],
  ['one, its attestation, and what names no platform', ['linux/amd64'], 'acef1'],
  ['two, each with its attestation', ['linux/amd64', 'linux/arm64'], 'abcdef1'],
  ['none of those that name one', ['windows/amd64'], 'ef1'],
])('keeps %s', (_, wanted, letters) => {
  const kept = keepPlatforms(CHILDREN, wanted.map(readPlatform))
  expect(kept.map((each) => each.digest.at(-1)).join('')).toBe(letters)
})

it('keeps a child that stands there for two platforms, one of which is wanted', () => {
  const both = [
    child('a', { os: 'linux', architecture: 'amd64' }),
    child('a', { os: 'linux', architecture: '386' }),
  ]
  expect(keepPlatforms(both, [readPlatform('linux/amd64')])).toEqual(both)
})
