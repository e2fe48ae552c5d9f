import { expect, it } from 'vitest'
import { isSignatureTag } from './name.ts'

const HEX = 'a1'.repeat(32)

it.each([
  [`sha256-${HEX}`, true],
  [`sha256-${HEX}.sig`, true],
  [`sha256-${HEX}.att`, true],
  [`sha256-${HEX}.sbom`, true],
  [`sha512-${HEX}`, true],
  [`sha512-${HEX}${HEX}.sig`, true],
  [`sha256-${HEX}.sigs`, false],
  [`sha256-${HEX}a`, false],
  [`sha256-${HEX.slice(1)}`, false],
  [`sha256-${HEX.toUpperCase()}`, false],
  [`v1-sha256-${HEX}`, false],
  ['sha256', false],
])('%s is a signature tag: %s', (tag, expected) => {
  expect(isSignatureTag(tag)).toBe(expected)
})
