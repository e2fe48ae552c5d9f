import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PortolanError } from '../errors.ts'
import {
  DOCKER_INDEX,
  DOCKER_MANIFEST,
  descriptorsOf,
  isIndex,
  isManifest,
  OCI_CONFIG,
  OCI_INDEX,
  OCI_MANIFEST,
  parseManifest,
} from './manifest.ts'

const DIGEST = `sha256:${'a'.repeat(64)}`
const CONFIG = { mediaType: OCI_CONFIG, digest: DIGEST, size: 2 }
const LAYER = { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: DIGEST, size: 0 }
const IMAGE = { schemaVersion: 2, config: CONFIG, layers: [LAYER] }
const CHILD = { mediaType: OCI_MANIFEST, digest: DIGEST, size: 9 }

const parse = (value: unknown, maxBytes?: number) =>
  parseManifest(new TextEncoder().encode(JSON.stringify(value)), 'image.json', maxBytes)

test.each([
  ['an image without a media type', IMAGE, 'manifest', OCI_MANIFEST],
  ['an OCI image', { ...IMAGE, mediaType: OCI_MANIFEST }, 'manifest', OCI_MANIFEST],
  ['a Docker image', { ...IMAGE, mediaType: DOCKER_MANIFEST }, 'manifest', DOCKER_MANIFEST],
  ['an image whose layers Go wrote as null', { ...IMAGE, layers: null }, 'manifest', OCI_MANIFEST],
  ['an index without a media type', { manifests: [CHILD] }, 'index', OCI_INDEX],
  ['a Docker manifest list', { mediaType: DOCKER_INDEX, manifests: [] }, 'index', DOCKER_INDEX],
])('tells the kind and media type of %s', (_, value, kind, mediaType) => {
  const manifest = parse(value)
  expect(manifest).toMatchObject({ kind, mediaType })
  expect(isIndex(manifest.mediaType)).toBe(kind === 'index')
  expect(isManifest(manifest.mediaType)).toBe(kind === 'manifest')
})

test('names the content of an image in order, its config first, and leaves the subject out', () => {
  const layers = [LAYER, { ...LAYER, size: 1 }]
  expect(descriptorsOf(parse({ ...IMAGE, layers, subject: CHILD }))).toEqual([CONFIG, ...layers])
})

test('keeps subject, annotations, platform and addresses, and drops what it does not know', () => {
  const platform = { os: 'linux', architecture: 'arm', variant: 'v7' }
  const child = { ...CHILD, platform, annotations: { a: 'b' }, artifactType: 'x/y' }
  const index = parse({
    manifests: [
      { ...child, urls: ['https://example.com', 7], data: 'e30=' },
      { ...CHILD, urls: 'https://example.com' },
    ],
    subject: CHILD,
    annotations: { __proto__: null, c: 'd' },
    other: 1,
  })
  expect(index).toEqual({
    kind: 'index',
    mediaType: OCI_INDEX,
    subject: CHILD,
    annotations: { c: 'd' },
    manifests: [{ ...child, urls: ['https://example.com'] }, CHILD],
  })
})

test.each([
  ['its own', { ...IMAGE, artifactType: 'application/spdx+json' }, 'application/spdx+json'],
  ['that of its config, having none', IMAGE, OCI_CONFIG],
  ['that of its config, its own being empty', { ...IMAGE, artifactType: '' }, OCI_CONFIG],
  ['none, being an index', { manifests: [] }, undefined],
])('gives a referrer %s as artifact type', (_, value, artifactType) => {
  expect(parse(value).artifactType).toBe(artifactType)
})

test.each([
  ['no object', [], ': image.json is a list; expected an object'],
  ['no kind', {}, 'config is missing; expected an object'],
  ['a number as config', { ...IMAGE, config: 7 }, 'image.json: config is 7; expected an object'],
  ['no layers', { config: CONFIG }, 'image.json: layers is missing; expected a list'],
  [
    'a bad digest',
    { config: CONFIG, layers: [LAYER, { ...LAYER, digest: 'sha256:../x' }] },
    'layers[1].digest is "sha256:../x"',
  ],
  [
    'a negative size',
    { manifests: [{ ...CHILD, size: -1 }] },
    'manifests[0].size is -1; expected a number of bytes',
  ],
  ['half a byte', { manifests: [{ ...CHILD, size: 0.5 }] }, 'manifests[0].size is 0.5'],
  ['a size beyond reason', { manifests: [{ ...CHILD, size: 1e300 }] }, 'manifests[0].size is 1e+300'],
  [
    'a number as annotation',
    { manifests: [], annotations: { key: 1 } },
    'annotations.key is 1; expected a string',
  ],
  ['an unknown media type', { ...IMAGE, mediaType: 'text/html' }, 'mediaType is "text/html"'],
  ['a media type that its shape denies', { ...IMAGE, mediaType: OCI_INDEX }, 'manifests is missing'],
  ['two kinds at once', { ...IMAGE, manifests: [] }, 'manifests is a list; expected nothing'],
])('refuses %s, naming path and value', (_, value, message) => {
  const error = thrown(() => parse(value))
  expect(error).toMatchObject({ code: 'CONTENT_INVALID' })
  expect(`: ${error.message}`).toContain(message)
})

test('refuses what is too large, not UTF-8 or not JSON', () => {
  expect(thrown(() => parse(IMAGE, 10)).message).toMatch(/^image\.json is \d+; expected at most 10 bytes$/)
  expect(thrown(() => parseManifest(Uint8Array.of(0x22, 0xff, 0x22), 'x')).message).toBe(
    'x is not JSON in UTF-8',
  )
  expect(thrown(() => parseManifest(new TextEncoder().encode('{'), 'x')).message).toBe(
    'x is not JSON in UTF-8',
  )
})

test('refuses what holds more values than any manifest, before it is made', () => {
  const flood = new TextEncoder().encode(`[${'{},'.repeat(100_000)}{}]`)
  expect(thrown(() => parseManifest(flood, 'x')).message).toBe(
    'x is refused: it holds more than 131072 values',
  )
})

test('survives content that nests deeper than any stack', () => {
  const deep = '['.repeat(200_000) + ']'.repeat(200_000)
  expect(thrown(() => parseManifest(new TextEncoder().encode(deep), 'deep')).code).toBe('CONTENT_INVALID')
})

test('either reads JSON or refuses it with CONTENT_INVALID, whatever it holds', () => {
  const key = fc.constantFrom(
    'mediaType',
    'config',
    'layers',
    'manifests',
    'digest',
    'size',
    'subject',
    'platform',
  )
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.jsonValue(),
      fc.constantFrom(CONFIG, OCI_INDEX, DIGEST),
      tie('object'),
    ),
    object: fc.dictionary(key, tie('value')),
  }))
  fc.assert(
    fc.property(value, (json) => {
      try {
        parse(json)
      } catch (error) {
        expect(error).toMatchObject({ name: 'PortolanError', code: 'CONTENT_INVALID' })
      }
    }),
  )
})

function thrown(action: () => unknown): PortolanError {
  try {
    action()
  } catch (error) {
    if (error instanceof PortolanError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}
