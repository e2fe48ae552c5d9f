import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import printedMessages from '../../../test/fixtures/errors/printed.json' with { type: 'json' }
import { CAUSES } from './causes.ts'
import { explainErrors } from './explain.ts'
import { wordings } from './shapes.ts'

const idsOf = (text: string) => explainErrors(text).causes.map(({ id }) => id)

describe('what clients have really printed', () => {
  const faults = [...Map.groupBy(printedMessages, ({ fault }) => fault)]

  it.each(faults)('of %s is explained by its cause first, whichever client printed it', (_, rows) => {
    for (const { client, cause, text } of rows) {
      const [first = '-'] = idsOf(text)
      expect({ client, text, first }).toEqual({ client, text, first: cause })
    }
  })

  it('is one error, of the image that was asked for, at a host of that fault', () => {
    for (const { fault, client, text } of printedMessages) {
      const { errors } = explainErrors(text)
      const hosts = errors.flatMap(({ host }) => host ?? [])
      const images = errors.flatMap((error) => error.images)
      for (const host of hosts)
        expect({ client, text, host }).toMatchObject({
          host: expect.stringMatching(/\.example$|^127\.0\.0\.1$/),
        })
      for (const image of images)
        expect({ client, fault, image }).toMatchObject({
          image: expect.stringMatching(/^[\w.-]+\.example(:443)?\/team\/app/i),
        })
      expect({ client, text, errors: new Set(errors.map(({ causes }) => causes[0])).size }).toMatchObject({
        errors: errors.length,
      })
    }
  })

  it('lets no secret and nothing that drives a terminal through', () => {
    for (const { text } of printedMessages) {
      const said = JSON.stringify(explainErrors(text))
      expect(said).not.toMatch(/AKIAIOSFODNN7EXAMPLE|3da54e9b1c8f|jo:secret|eyJhbGci/)
      expect(said).not.toMatch(/\\u00[01]/)
    }
  })
})

const SANDBOX =
  'Failed to create pod sandbox: rpc error: code = Unknown desc = failed to get sandbox image "registry.k8s.io/pause:3.9": failed to pull image "registry.k8s.io/pause:3.9": failed to pull and unpack image "registry.k8s.io/pause:3.9": failed to resolve reference "registry.k8s.io/pause:3.9": failed to do request: Head "https://europe-west3-docker.pkg.dev/v2/k8s-artifacts-prod/images/pause/manifests/3.9": dial tcp: lookup europe-west3-docker.pkg.dev on 10.96.0.10:53: no such host'

describe('a nested message', () => {
  it('is peeled: the host that failed, the image, what was asked for, the name server', () => {
    expect(explainErrors(SANDBOX)).toMatchObject({
      errors: [
        {
          host: 'europe-west3-docker.pkg.dev',
          port: 443,
          images: ['registry.k8s.io/pause:3.9'],
          url: 'https://europe-west3-docker.pkg.dev/v2/k8s-artifacts-prod/images/pause/manifests/3.9',
          asked: 'manifest',
          via: '10.96.0.10:53',
          causes: ['dns'],
        },
      ],
      causes: [{ id: 'dns', step: 'dns', allow: [{ host: 'europe-west3-docker.pkg.dev', port: 443 }] }],
    })
  })

  it('names the host of the last redirect, and not the registry that sent there', () => {
    const text =
      'Failed to pull image "registry.k8s.io/pause:3.9": failed to copy: httpReadSeeker: failed open: failed to do request: Get "https://prod-registry-k8s-io-eu-central-1.s3.dualstack.eu-central-1.amazonaws.com/containers/images/sha256:e6f1": dial tcp 52.219.1.2:443: i/o timeout'
    expect(explainErrors(text).errors).toMatchObject([
      {
        host: 'prod-registry-k8s-io-eu-central-1.s3.dualstack.eu-central-1.amazonaws.com',
        address: '52.219.1.2:443',
        causes: ['timeout'],
      },
    ])
  })

  it.each([
    [
      'logfmt in logfmt',
      (text: string) => `level=error msg=${JSON.stringify(`err=${JSON.stringify(text)}`)}`,
    ],
    ['JSON', (text: string) => JSON.stringify({ level: 'error', err: text })],
    ['colours', (text: string) => `\u001b[31mError:\u001b[0m ${text}\u001b]0;title\u0007`],
    ['a terminal that breaks lines', (text: string) => text.replaceAll(' ', '\n    ')],
    [
      'a journal',
      (text: string) =>
        `Nov 27 19:52:55 node-1 kubelet[812]: E1127 19:52:55.1 812 pod_workers.go:1301] "Error syncing pod" err="${text.replaceAll('"', '\\"')}"`,
    ],
  ])('is the same in %s', (_, wrap) => {
    expect(explainErrors(wrap(SANDBOX)).errors).toMatchObject([
      { host: 'europe-west3-docker.pkg.dev', images: ['registry.k8s.io/pause:3.9'], causes: ['dns'] },
    ])
  })
})

const DESCRIBED = `Name:             web-1
Status:           Pending
Events:
  Type     Reason   Age    From     Message
  ----     ------   ----   ----     -------
  Normal   Pulling  3m     kubelet  Pulling image "registry.example/web:1"
  Warning  Failed   3m     kubelet  Failed to pull image "registry.example/web:1": rpc error: code = Unknown desc = failed to pull and unpack image "registry.example/web:1": failed to resolve reference "registry.example/web:1": failed to do request: Head "https://registry.example/v2/web/manifests/1": tls: failed to verify certificate: x509: certificate signed by unknown authority
  Warning  Failed   3m     kubelet  Error: ErrImagePull
  Warning  Failed   2m     kubelet  Failed to pull image "registry.example/side:2": rpc error: code = Unknown desc = failed to resolve reference "registry.example/side:2": failed to do request: Head "https://registry.example/v2/side/manifests/2": tls: failed to verify certificate: x509: certificate signed by unknown authority
  Warning  Failed   2m     kubelet  Failed to pull image "other.example/db:3": rpc error: code = NotFound desc = failed to resolve reference "other.example/db:3": other.example/db:3: not found
  Warning  Failed   2m     kubelet  Error: the frobnicator cannot be initialised
  Warning  BackOff  1m     kubelet  Back-off pulling image "registry.example/web:1"
`

describe('the core of a message alone', () => {
  it.each([
    ['dial tcp 10.0.0.1:443: i/o timeout', 'timeout'],
    ['i/o timeout', 'timeout'],
    ['curl: (7) Failed to connect to registry.example port 443: Connection refused', 'refused'],
    ['unexpected EOF', 'truncated'],
    ['toomanyrequests', 'rate-limited'],
    ['manifest unknown', 'manifest-unknown'],
    ['blob unknown to registry', 'blob-unknown'],
    ['no match for platform in manifest: not found', 'no-platform'],
    ["invalid character '<' looking for beginning of value", 'html-instead-of-json'],
    ['http: server gave HTTP response to HTTPS client', 'plain-http'],
    ['403 Forbidden', 'forbidden'],
    ['no space left on device', 'disk-full'],
  ])('is known: %s', (text, cause) => {
    expect(idsOf(text)[0]).toBe(cause)
  })
})

describe('many lines', () => {
  it('give each error once, with the lines and images that it is said of, and what is not known', () => {
    const { errors, unknown, causes } = explainErrors(DESCRIBED)
    expect(errors).toMatchObject([
      {
        causes: ['tls-unknown-authority'],
        host: 'registry.example',
        count: 2,
        line: 7,
        images: ['registry.example/web:1', 'registry.example/side:2'],
      },
      { causes: ['manifest-unknown'], host: 'other.example', count: 1, line: 10 },
    ])
    expect(causes.map(({ id, host }) => `${id} ${host}`)).toEqual([
      'tls-unknown-authority registry.example',
      'manifest-unknown other.example',
    ])
    expect(unknown.map(({ line }) => line)).toEqual([11])
  })

  it('are counted where there are too many different ones', () => {
    const lines = Array.from({ length: 80 }, (_, index) => `Get "https://r${index}.example/v2/": EOF`)
    const { errors, leftOut } = explainErrors(lines.join('\n'))
    expect({ errors: errors.length, leftOut }).toEqual({ errors: 50, leftOut: 30 })
  })
})

describe('what is not known', () => {
  it.each(['Error: ImagePullBackOff', 'Warning  Failed  kubelet  Error: ErrImagePull'])(
    'is %s, which says nothing of why; it says where to look',
    (text) => {
      expect(explainErrors(text)).toMatchObject({
        causes: [],
        errors: [],
        unknown: [{ wrappers: [{ look: expect.stringContaining('kubectl describe') }] }],
      })
    },
  )

  it('is shown with the messages that are nearest', () => {
    const { causes, unknown } = explainErrors(
      'x509: the certificate was signed by an authority unknown to us',
    )
    expect(causes).toEqual([])
    expect(unknown[0]!.nearest[0]).toEqual({
      says: 'x509: certificate signed by unknown authority',
      cause: 'tls-unknown-authority',
    })
  })

  /** Without the one code that is a word by itself. */
  const WORDS = wordings()
    .flatMap(({ pattern }) => pattern.words)
    .filter((word) => word !== 'toomanyrequests')

  it('is any text at all', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        expect(idsOf(text)).toEqual([])
      }),
    )
  })

  it('is any order of the words that known messages are made of', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...WORDS), { maxLength: 40 }), (words) => {
        expect(idsOf(words.join(', '))).toEqual([])
      }),
    )
  })

  it.each([
    'The connection was refused by the customer, so we closed the ticket.',
    'After the timeout the referee denied the request; access was forbidden.',
    'Our manifest lists unknown blobs of paint: 404 of them, 403 blue.',
    'Pulled image "registry.example/web:1" in 2.1s, no error',
    'the certificate of the course has expired, please renew it',
    'GET /v2/ 200 OK; HEAD /v2/web/manifests/1 200 OK',
  ])('is prose and good news: %s', (text) => {
    expect(explainErrors(text)).toMatchObject({ causes: [], errors: [] })
  })
})

describe('what to type', () => {
  it('never holds what a shell would run or take for an option', () => {
    const hostile = [
      '$(reboot)',
      '`reboot`',
      'a;reboot',
      "a'b",
      'a|b',
      'a&b',
      '-oProxyCommand=reboot',
      'a b',
      '<(id)',
      '{host}',
    ]
    for (const name of hostile) {
      for (const text of [
        `Failed to pull image "${name}/web:1": dial tcp 10.0.0.1:443: connect: connection refused`,
        `Failed to pull image "x.example/${name}:1": x.example/${name}:1: not found manifest unknown`,
        `Get "https://${name}.example/v2/${name}": EOF`,
        `lookup ${name} on 10.0.0.1:53: no such host`,
        `x509: certificate is valid for b, not ${name}`,
      ]) {
        for (const cause of explainErrors(text).causes) {
          expect({ text, try: cause.try.join('\n') }).not.toMatchObject({
            try: expect.stringContaining(name),
          })
          expect(cause.try.join('\n')).not.toMatch(/reboot|\{[a-z]+\}/)
        }
      }
    }
  })

  it('has no placeholder that nothing fills', () => {
    for (const cause of Object.values(CAUSES)) {
      const said = [cause.is, ...cause.because, ...cause.try].join(' ')
      for (const [, name] of said.matchAll(/(?<![%$])\{([a-z]+)\}/g))
        expect(['host', 'port', 'image', 'name', 'url', 'address', 'server', 'runtime', 'unit']).toContain(
          name,
        )
    }
  })
})

it('a megabyte made to be read again and again is read to its end', () => {
  const size = 2 ** 20
  const pieces = [
    ...wordings().map(({ says }) => says.replace(/\{[a-z]+\}[^{]*$/, 'a'.repeat(300))),
    '"',
    '\\',
    '\\"',
    '\u001b[',
    '\u001b]',
    '?',
    '://',
    'https://a/',
    'token',
    'token=',
    'password ',
    'eyJa.',
    'bearer ',
    'a.',
    '-a',
    ' ',
    '<',
  ]
  for (const separator of ['', '\n']) {
    const text = pieces
      .map((piece) => `${piece}${separator}`.repeat(Math.ceil(size / pieces.length / (piece.length + 1))))
      .join('')
    expect(text.length).toBeGreaterThan(size / 2)
    expect(explainErrors(text).errors.length).toBeLessThanOrEqual(50)
  }
  for (const piece of pieces.slice(-17)) explainErrors(piece.repeat(size / piece.length))
})
