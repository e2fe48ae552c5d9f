import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isFault } from './errors.ts'
import { formatPath, parsePath } from './path.ts'

const SHA256 = `sha256:${'a'.repeat(64)}`
/** As clients write it who encode whatever may be encoded. */
const ENCODED = SHA256.replace(':', '%3A')
const SHA512 = `sha512:${'0'.repeat(128)}`

describe('parsePath reads', () => {
  it.each([
    ['/v2', { kind: 'base' }],
    ['/v2/', { kind: 'base' }],
    ['/v2/_catalog', { kind: 'catalog' }],
    ['/v2/pause/manifests/3.9', { kind: 'manifest', name: 'pause', byDigest: false, reference: '3.9' }],
    [`/v2/a/b/c/manifests/${SHA256}`, { kind: 'manifest', name: 'a/b/c', byDigest: true, reference: SHA256 }],
    [`/v2/pause/blobs/${SHA512}`, { kind: 'blob', name: 'pause', digest: SHA512 }],
    ['/v2/pause/blobs/blake3+b64:abc=', { kind: 'blob', name: 'pause', digest: 'blake3+b64:abc=' }],
    ['/v2/coredns/coredns/tags/list', { kind: 'tags', name: 'coredns/coredns' }],
    [`/v2/pause/referrers/${SHA256}`, { kind: 'referrers', name: 'pause', digest: SHA256 }],
    [
      '/v2/manifests/manifests/manifests',
      { kind: 'manifest', name: 'manifests', byDigest: false, reference: 'manifests' },
    ],
    [`/v2/pause/blobs/${ENCODED}`, { kind: 'blob', name: 'pause', digest: SHA256 }],
    [`/v2/pause/blobs/${ENCODED.replace('A', 'a')}`, { kind: 'blob', name: 'pause', digest: SHA256 }],
    [
      `/v2/pause/manifests/${ENCODED}`,
      { kind: 'manifest', name: 'pause', byDigest: true, reference: SHA256 },
    ],
    [`/v2/pause/referrers/${ENCODED}`, { kind: 'referrers', name: 'pause', digest: SHA256 }],
    [`/v2/a/tags/list/blobs/${SHA256}`, { kind: 'blob', name: 'a/tags/list', digest: SHA256 }],
  ])('%s', (path, expected) => {
    expect(parsePath(path)).toEqual(expected)
  })
})

describe('parsePath refuses', () => {
  it.each([
    ['', 'UNSUPPORTED'],
    ['/', 'UNSUPPORTED'],
    ['v2/', 'UNSUPPORTED'],
    ['/v2foo', 'UNSUPPORTED'],
    ['/V2/', 'UNSUPPORTED'],
    ['//v2/', 'UNSUPPORTED'],
    ['/v2//x', 'UNSUPPORTED'],
    ['/v2//', 'UNSUPPORTED'],
    ['/v2/foo', 'UNSUPPORTED'],
    ['/v2/foo/', 'UNSUPPORTED'],
    ['/v2/foo/blobs/', 'UNSUPPORTED'],
    ['/v2/foo/blobs/uploads/', 'UNSUPPORTED'],
    ['/v2/foo/tags/lists', 'UNSUPPORTED'],
    ['/v2/manifests/latest', 'UNSUPPORTED'],
    ['/v2//manifests/latest', 'UNSUPPORTED'],
    ['/v2/../../other/x/manifests/y', 'NAME_INVALID'],
    ['/v2/a/../b/manifests/y', 'NAME_INVALID'],
    ['/v2/a%2Fb/manifests/y', 'NAME_INVALID'],
    ['/v2/a%2e%2e/manifests/y', 'NAME_INVALID'],
    ['/v2/A/manifests/y', 'NAME_INVALID'],
    ['/v2/a./manifests/y', 'NAME_INVALID'],
    ['/v2/a/./manifests/y', 'NAME_INVALID'],
    ['/v2/a\\b/manifests/y', 'NAME_INVALID'],
    ['/v2/a\u0000/manifests/y', 'NAME_INVALID'],
    [`/v2/${'a'.repeat(256)}/manifests/y`, 'NAME_INVALID'],
    ['/v2/a/manifests/', 'MANIFEST_UNKNOWN'],
    ['/v2/a/manifests/..', 'MANIFEST_UNKNOWN'],
    ['/v2/a/manifests/.INVALID_MANIFEST_NAME', 'MANIFEST_UNKNOWN'],
    ['/v2/a/manifests/a%3Fb', 'MANIFEST_UNKNOWN'],
    [`/v2/a/manifests/${'t'.repeat(129)}`, 'MANIFEST_UNKNOWN'],
    ['/v2/a/manifests/sha256:abc', 'DIGEST_INVALID'],
    [`/v2/a/blobs/sha256:${'A'.repeat(64)}`, 'DIGEST_INVALID'],
    [`/v2/a/blobs/${SHA256}%3F1:x`, 'DIGEST_INVALID'],
    [`/v2/a/blobs/${SHA256} `, 'DIGEST_INVALID'],
    [`/v2/a/blobs/sha512:${'0'.repeat(64)}`, 'DIGEST_INVALID'],
    [`/v2/a/blobs/other:${'0'.repeat(300)}`, 'DIGEST_INVALID'],
    [`/v2/a/blobs/${SHA256.replace(':', '%253A')}`, 'DIGEST_INVALID'],
    [`/v2/a/blobs/sha256%3A%3A${'a'.repeat(64)}`, 'DIGEST_INVALID'],
    [`/v2/a/blobs/sha256%3A${'a'.repeat(63)}%61`, 'DIGEST_INVALID'],
    [`/v2/a/blobs/sha256:%3A${'a'.repeat(64)}`, 'DIGEST_INVALID'],
    ['/v2/a/manifests/tag%3A', 'DIGEST_INVALID'],
    ['/v2/a/blobs/latest', 'DIGEST_INVALID'],
    ['/v2/a/referrers/latest', 'DIGEST_INVALID'],
  ])('%j', (path, code) => {
    expect(parsePath(path)).toMatchObject({ code })
  })

  it('without repeating more than 128 characters of what it was sent', () => {
    const fault = parsePath(`/v2/a/blobs/${'x'.repeat(5000)}`)
    expect(JSON.stringify(fault).length).toBeLessThan(400)
  })
})

const component = fc.stringMatching(/^[a-z0-9]{1,8}(?:(?:\.|_|__|-{1,3})[a-z0-9]{1,5}){0,2}$/)
const name = fc.array(component, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('/'))
const tag = fc.stringMatching(/^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/)
const digest = fc.oneof(
  fc.stringMatching(/^[a-f0-9]{64}$/).map((hex) => `sha256:${hex}`),
  fc.stringMatching(/^[a-f0-9]{128}$/).map((hex) => `sha512:${hex}`),
)
const path = fc.oneof(
  fc.tuple(name, fc.oneof(tag, digest)).map(([n, reference]) => `/v2/${n}/manifests/${reference}`),
  fc.tuple(name, digest).map(([n, d]) => `/v2/${n}/blobs/${d}`),
  fc.tuple(name, digest).map(([n, d]) => `/v2/${n}/referrers/${d}`),
  name.map((n) => `/v2/${n}/tags/list`),
  fc.constantFrom('/v2/', '/v2/_catalog'),
)

describe('parsePath and formatPath', () => {
  it('are inverse for every valid path', () => {
    fc.assert(
      fc.property(path, (text) => {
        const request = parsePath(text)
        expect(isFault(request)).toBe(false)
        if (!isFault(request)) expect(formatPath(request)).toBe(text)
      }),
    )
  })

  it('take nothing but what they would write themselves, whatever the input', () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc
        .tuple(
          path,
          fc.nat(),
          fc.constantFrom('..', '.', '/', '%2e', '%2F', '%3f', '?', '#', '\\', ' ', '\r\n', '@', 'é', '%3A'),
        )
        .map(
          ([text, at, trick]) =>
            text.slice(0, at % (text.length + 1)) + trick + text.slice(at % (text.length + 1)),
        ),
    )
    fc.assert(
      fc.property(hostile, (text) => {
        const request = parsePath(text)
        if (!isFault(request))
          expect([text, `${text}/`, text.replace('%3A', ':')]).toContain(formatPath(request))
      }),
      { numRuns: 2000 },
    )
  })
})
