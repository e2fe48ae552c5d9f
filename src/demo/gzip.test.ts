import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { storeGzip } from './gzip.ts'

test.each([0, 1, 65_534, 65_535, 65_536, 131_070, 200_000])(
  'what it wraps unpacks to the same %i bytes',
  (length) => {
    const bytes = Buffer.from(Array.from({ length }, (_, index) => (index * 31) % 256))
    const wrapped = storeGzip(bytes)
    expect(gunzipSync(wrapped).equals(bytes)).toBe(true)
    expect(wrapped.length - length).toBeLessThanOrEqual(18 + 5 * (1 + length / 65_535))
  },
)
