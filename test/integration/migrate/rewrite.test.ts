import fc from 'fast-check'
import { expect, it } from 'vitest'
import { revertFixture, rewriteFixture } from '../../support/migrate-fixtures.ts'

/** One image, as it is before and after. */
interface Image {
  readonly before: { readonly path: string; readonly tag?: string | undefined }
  readonly after: { readonly path: string; readonly tag?: string | undefined }
  readonly digest?: string | undefined
}

/** A piece of a file: its lines, in which an image may stand. */
type Piece = (pick: (image: Image) => Image['before']) => string[]

const MOVED = [
  'pause',
  'kube-proxy',
  'ingress-nginx/controller',
  'sig-storage/a/b_c/d-e.f',
  'coredns/coredns',
  'k8s.gcr.io',
]
const OTHERS = [
  'nginx',
  'library/nginx',
  'docker.io/library/nginx',
  'registry.example:5000/k8s.gcr.io/pause',
  'quay.io/a/b',
]

const tag = fc.option(fc.constantFrom('v1.8.6', '1.25', 'latest', 'v1.30.0', 'sha-0f', 'a_b.c-D'), {
  nil: undefined,
})
const digest = fc.option(fc.constant(`sha256:${'0123456789abcdef'.repeat(4)}`), { nil: undefined })
const image: fc.Arbitrary<Image> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ name: fc.constantFrom(...MOVED), tag, digest }).map((one) => ({
      before: { path: `k8s.gcr.io/${one.name}`, tag: one.tag },
      after: { path: `registry.k8s.io/${one.name}`, tag: one.tag },
      digest: one.digest,
    })),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('1.6.7', '1.7.0').map((version) => ({
      before: { path: 'k8s.gcr.io/coredns', tag: version },
      after: { path: 'registry.k8s.io/coredns/coredns', tag: `v${version}` },
    })),
  },
  {
    weight: 3,
    arbitrary: fc.record({ path: fc.constantFrom(...OTHERS), tag, digest }).map((one) => ({
      before: one,
      after: one,
      digest: one.digest,
    })),
  },
)

function written({ digest: own, ...image }: Image, pick: (image: Image) => Image['before']): string {
  const { path, tag: version } = pick(image)
  return path + (version === undefined ? '' : `:${version}`) + (own === undefined ? '' : `@${own}`)
}

/** Ways to write a string as the value of `image`, at an indentation. */
const STYLES: readonly ((value: string, indent: string) => string[])[] = [
  (value, indent) => [`${indent}image: ${value}`],
  (value, indent) => [`${indent}image: '${value}'`],
  (value, indent) => [`${indent}"image":   "${value}"   # k8s.gcr.io/pause:3.9`],
  (value, indent) => [`${indent}image: &anchor ${value} # image: k8s.gcr.io/pause`],
  (value, indent) => [`${indent}image: |-`, `${indent}    ${value}`],
  (value, indent) => [`${indent}image: >2`, `${indent}  ${value}`, ''],
  (value, indent) => [`${indent}image:`, '', `${indent}   ${value}`],
  (value, indent) => [`${indent}? image`, `${indent}: !!str "${value}"`],
]
const style = fc.constantFrom(...STYLES)
const indent = fc.constantFrom('  ', '    ')

const prose: fc.Arbitrary<Piece> = fc
  .constantFrom<string[]>(
    ['# moved from k8s.gcr.io/pause:3.9 to registry.k8s.io'],
    ['    # image: k8s.gcr.io/pause:3.9', ''],
    ['note: "see https://k8s.gcr.io/v2/pause and k8s.gcr.io/pause:3.9"'],
    ['text: |', '  # k8s.gcr.io', '  was k8s.gcr.io/pause:3.9', '', '    - indented', ''],
    ['folded: >+', '  k8s.gcr.io', '  again', ''],
    ["quote: 'it''s k8s.gcr.io'"],
    ['flow: { a: [1, 2.50, ~], b: "\\u006b8s.gcr.io" }'],
    ['number:   0o17', 'yes: no', 'empty:', '"": x'],
  )
  .map((lines) => () => lines)

const pod: fc.Arbitrary<Piece> = fc
  .record({ containers: fc.array(fc.tuple(image, style), { minLength: 1, maxLength: 3 }), indent })
  .map(({ containers, indent: step }) => (pick) => [
    'spec:',
    `${step}containers:`,
    ...containers.flatMap(([one, write], index) => [
      `${step}- name: c${index}   # a container`,
      ...write(written(one, pick), `${step}  `),
    ]),
  ])

const flow: fc.Arbitrary<Piece> = fc
  .array(image, { minLength: 1, maxLength: 3 })
  .map((images) => (pick) => [
    `template: {spec: {initContainers: [${images.map((one) => `{image: ${written(one, pick)}, name: a}`).join(' , ')}]}}`,
  ])

const values: fc.Arbitrary<Piece> = image
  .filter(({ before }) => /^[^/]*[.:]/.test(before.path))
  .map((one) => (pick) => {
    const { path, tag: version } = pick(one)
    const slash = path.indexOf('/')
    return [
      'split:',
      `  image: {registry: ${path.slice(0, slash)}, repository: '${path.slice(slash + 1)}'${version === undefined ? '' : `, tag: "${version}"`}}`,
      'pair:',
      '  image:',
      ...(version === undefined ? [] : [`    tag: '${version}' # tag`]),
      ...(one.digest === undefined ? [] : [`    digest: ${one.digest}`]),
      `    repository: ${path}`,
    ]
  })

const embedded: fc.Arbitrary<Piece> = fc.tuple(image, style, indent).map(([one, write, step]) => (pick) => [
  'apiVersion: v1',
  'kind: ConfigMap',
  'data:',
  `${step}pod.yaml: |`,
  ...[
    'kind: Pod',
    'apiVersion: v1',
    'spec:',
    '  containers:',
    '  - name: a',
    ...write(written(one, pick), '    '),
  ].map((line) => (line === '' ? '' : `${step}${step}${line}`)),
])

const header: Piece = () => ['apiVersion: example/v1', 'kind: Thing']
const pieces: fc.Arbitrary<Piece[]> = fc.array(fc.oneof(prose, pod, flow, values), {
  minLength: 1,
  maxLength: 4,
})
const manifest: fc.Arbitrary<Piece[]> = fc.oneof(
  { weight: 3, arbitrary: pieces.map((some) => [header, ...some]) },
  { weight: 1, arbitrary: fc.tuple(embedded, prose) },
)
/** Manifests, or the values of a chart. */
const file: fc.Arbitrary<File> = fc.record({
  documents: fc.oneof<fc.Arbitrary<Piece[][]>[]>(
    fc.array(manifest, { minLength: 1, maxLength: 3 }),
    pieces.map((some) => [some]),
  ),
  ending: fc.constantFrom('\n', '\r\n'),
  mark: fc.constantFrom('', '\uFEFF'),
  last: fc.boolean(),
})

interface File {
  readonly documents: readonly (readonly Piece[])[]
  readonly ending: string
  readonly mark: string
  /** Whether the last line is ended, too. */
  readonly last: boolean
}

function render({ documents, ending, mark, last }: File, pick: (image: Image) => Image['before']): string {
  const lines = documents.flatMap((document, index) => [
    ...(index > 0 ? ['---   # another one'] : []),
    ...document.flatMap((piece) => piece(pick)),
  ])
  return mark + lines.join(ending) + (last ? ending : '')
}

it('changes the names of images and nothing else, once, and comes back to the same bytes', () => {
  fc.assert(
    fc.property(file, (one) => {
      const [before, after] = [render(one, (image) => image.before), render(one, (image) => image.after)]
      const path = 'file.yaml'
      const forth = rewriteFixture({ path, text: before })
      expect(forth.refused).toBeUndefined()
      expect(forth.text).toBe(after)
      expect(rewriteFixture({ path, text: after }).text).toBe(after)
      expect(revertFixture({ path, text: after }).text).toBe(before)
    }),
    { numRuns: 150 },
  )
})

it('survives any text, and changes what is not YAML only where it says that it does', () => {
  const crumbs = fc.constantFrom(
    ...[
      'image: ',
      'k8s.gcr.io/pause:3.9',
      '\n',
      '  ',
      '- ',
      '{',
      '}',
      '[',
      ']',
      '"',
      "'",
      '|',
      '>',
      '&a ',
      '*a',
      '<<: ',
    ],
    ...[
      ':',
      '#',
      '\t',
      '---\n',
      '...\n',
      '%YAML 1.1\n',
      'containers:\n',
      '\r',
      '!!x ',
      '? ',
      '{{ ',
      ' }}',
      'kind: Pod\n',
      '\0',
    ],
  )
  fc.assert(
    fc.property(
      fc.array(crumbs, { maxLength: 40 }),
      fc.constantFrom('a.yaml', 'templates/a.yaml'),
      (parts, path) => {
        const text = parts.join('')
        const { text: after } = rewriteFixture({ path, text })
        expect(after.replaceAll('registry.k8s.io', 'k8s.gcr.io')).toBe(text)
      },
    ),
    { numRuns: 1000 },
  )
})
