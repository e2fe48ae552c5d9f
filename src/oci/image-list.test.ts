import { describe, expect, it } from 'vitest'
import { LISTED_MAX, parseImageList } from './image-list.ts'

const DIGEST = `sha256:${'a'.repeat(64)}`
const textsOf = (text: string) => parseImageList(text).images.map((image) => image.text)

describe('a list of images', () => {
  it.each([
    ['alpine', 'docker.io/library/alpine:latest'],
    ['grafana/grafana:12.0', 'docker.io/grafana/grafana:12.0'],
    ['index.docker.io/library/alpine:3.20', 'docker.io/library/alpine:3.20'],
    ['registry.k8s.io/pause:3.10', 'registry.k8s.io/pause:3.10'],
    ['Registry.Test:5000/a/b', 'registry.test:5000/a/b:latest'],
    // Whoever has both pulls by the digest.
    [`quay.io/a/b:v1@${DIGEST}`, `quay.io/a/b@${DIGEST}`],
  ])('%s is %s', (written, text) => {
    expect(textsOf(written)).toEqual([text])
  })

  it('has comments and empty lines, any line ends, and each image once', () => {
    const text =
      '\uFEFF# what runs\r\n\r\nregistry.k8s.io/pause:3.10 # the sandbox\r\n  alpine:3\n\tdocker.io/library/alpine:3\n'
    expect(textsOf(text)).toEqual(['registry.k8s.io/pause:3.10', 'docker.io/library/alpine:3'])
  })

  it('says which lines name no image, and reads the others', () => {
    const { images, faults } = parseImageList('a:1\nhttps://b.example/c\n\nD:!\ne:2\n')
    expect(images.map(({ text }) => text)).toEqual(['docker.io/library/a:1', 'docker.io/library/e:2'])
    expect(faults).toEqual([
      { line: 2, message: expect.stringContaining('it begins with "https://"') },
      { line: 4, message: expect.stringContaining('its tag "!" is malformed') },
    ])
  })

  it.each([
    ['a list', ['a:1', 'b:2']],
    ['an object with images', { version: 1, images: ['a:1', 'b:2'] }],
    [
      'what images --json prints',
      { version: 1, images: [{ reference: 'a:1', basis: 'data' }, { reference: 'b:2' }] },
    ],
    ['what scan --cluster --json prints', { findings: [], cluster: { version: 1, images: ['a:1', 'b:2'] } }],
    [
      'what scan --json prints',
      {
        findings: [
          { written: 'k8s.gcr.io/a:1', replacement: 'docker.io/library/a:1' },
          { written: 'k8s.gcr.io', replacement: 'registry.k8s.io' },
          { written: 'docker.io/library/b:2' },
        ],
      },
    ],
  ])('may be JSON: %s', (_, value) => {
    expect(textsOf(JSON.stringify(value, null, 2))).toEqual([
      'docker.io/library/a:1',
      'docker.io/library/b:2',
    ])
  })

  it.each(['{', '{"a": 1}', '[1]', '{"images": [null]}', '{"findings": [{}]}'])(
    'says that %s is none',
    (text) => {
      expect(parseImageList(text)).toEqual({
        images: [],
        faults: [{ line: 1, message: 'it is JSON, but no list of references that is known' }],
      })
    },
  )

  it('is bounded, and so is what is said of it', () => {
    const long = Array.from({ length: LISTED_MAX + 5 }, (_, index) => `a:${index}`).join('\n')
    const { images, faults } = parseImageList(long)
    expect(images).toHaveLength(LISTED_MAX)
    expect(faults).toEqual([{ line: LISTED_MAX + 1, message: expect.stringContaining('left out') }])
    expect(parseImageList('!\n'.repeat(5000)).faults).toHaveLength(100)
  })
})
