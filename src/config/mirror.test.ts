import { expect, test } from 'vitest'
import { formatConfig } from './format.ts'
import { loadConfig } from './load.ts'
import { parseConfig } from './parse.ts'

const UPSTREAMS = `upstreams:
  - { id: k8s, url: "https://registry.k8s.io", at: gcp/europe-west1 }
  - { id: hub, url: "https://registry-1.docker.io", at: aws/us-east-1 }
`
const HEAD = `version: 1\ndelivery: relay\ncache: { folder: ./kept, size: 200GiB }\n${UPSTREAMS}`
const REGISTRIES = `registries:
  - { host: registry.k8s.io, names: [K8s.Mirror.example], upstreams: [k8s] }
  - { host: docker.io, path: hub, upstreams: [hub], stores: [cdn] }
stores: [{ id: cdn, url: "https://cdn.example", at: anycast }]
`

function faultsOf(text: string): string[] {
  const parsed = parseConfig(text, { environment: {}, baseFolder: '/etc/portolan', fileName: 'c.yaml' })
  return 'faults' in parsed
    ? parsed.faults.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`))
    : []
}

test('a mirror of two registries is read with its defaults', () => {
  const config = loadConfig(HEAD + REGISTRIES, { baseFolder: '/etc/portolan' })
  expect(config).toMatchObject({
    delivery: 'relay',
    cache: {
      folder: '/etc/portolan/kept',
      size: 200 * 1024 ** 3,
      pin: [],
      platforms: [],
      scrub: 30 * 86_400_000,
    },
    registries: [
      {
        host: 'registry.k8s.io',
        path: 'registry.k8s.io',
        names: ['k8s.mirror.example'],
        upstreams: ['k8s'],
        stores: ['cdn'],
        public: false,
      },
      { host: 'docker.io', path: 'hub', names: [], upstreams: ['hub'], stores: ['cdn'], public: false },
    ],
    upstreams: [
      { id: 'k8s', canonical: true },
      { id: 'hub', canonical: true },
    ],
  })
  expect(loadConfig(formatConfig(config))).toEqual(config)
})

test('says below which path an nginx in front has its files', () => {
  const text = (HEAD + REGISTRIES).replace('size: 200GiB', 'size: 200GiB, accelRedirect: /portolan-cache/')
  const config = loadConfig(text, { baseFolder: '/etc/portolan' })
  expect(config.cache?.accelRedirect).toBe('/portolan-cache/')
  expect(loadConfig(formatConfig(config))).toEqual(config)
  for (const path of ['/', 'cache/', '/cache', '/a b/', '//', '/a?/', '/a/../']) {
    expect(faultsOf(text.replace('/portolan-cache/', JSON.stringify(path)))).toEqual([
      'cache.accelRedirect: must be a path that begins and ends with "/", such as /portolan-cache/',
    ])
  }
})

test.each([
  ['with a URL', 'url: "https://Registry.Example/v"', { host: 'registry.example', path: 'registry.example' }],
  ['with a port', 'url: "https://registry.example:8443"', { host: 'registry.example:8443' }],
  ['in a layout', 'layout: ./images', { host: '' }],
])('without registries, a mirror is one of what its upstream names: %s', (_, where, named) => {
  const text = `version: 1\ndelivery: relay\ncache: off\nupstreams: [{ id: a, ${where}, at: dc/x }]\n`
  const config = loadConfig(text, { baseFolder: '/etc/portolan' })
  expect(config.registries).toEqual([{ ...named, names: [], upstreams: ['a'], stores: [], public: false }])
  expect(config.cache).toBeUndefined()
  expect(loadConfig(formatConfig(config))).toEqual(config)
})

const refused: [name: string, text: string, lines: string[]][] = [
  [
    'a cache and registries of a door that redirects',
    `version: 1\ncache: off\nregistries: [{ host: a.example, upstreams: [a] }]\nupstreams: [{ id: a, url: "https://a.example", at: dc/x }]\n`,
    [
      'cache: is for a mirror alone: it needs delivery: relay',
      'registries: is for a mirror alone: it needs delivery: relay',
    ],
  ],
  [
    'a mirror that says nothing of a cache',
    `version: 1\ndelivery: relay\nupstreams: [{ id: a, url: "https://a.example", at: dc/x }]\n`,
    [
      'delivery: a mirror needs cache, with folder and size, or "cache: off" to keep nothing and fetch all each time',
    ],
  ],
  [
    'an unknown delivery',
    `version: 1\ndelivery: proxy\ncache: off\n${UPSTREAMS}`,
    [
      'delivery: must be "redirect" or "relay"',
      'upstreams: one upstream must be canonical: write "canonical: true" at the one that holds everything',
    ],
  ],
  [
    'an upstream of no registry, one of two, an unknown one, unknown stores',
    `${HEAD}registries:
  - { host: a.example, upstreams: [k8s] }
  - { host: b.example, upstreams: [k8s, hubb], stores: [x] }
`,
    [
      'upstreams[1]: is of no registry: name it in one of registries',
      'registries[1].upstreams[0]: is already an upstream of registries[0]',
      'registries[1].upstreams[1]: must be the id of one of the upstreams (did you mean "hub"?); allowed here: k8s, hub',
      'registries[1].stores[0]: must be the id of one of the stores; there is none',
    ],
  ],
  [
    'two upstreams of a registry and none canonical',
    `${HEAD}registries: [{ host: a.example, upstreams: [k8s, hub] }]\n`,
    [
      'registries[0].upstreams: one upstream of registries[0] must be canonical: write "canonical: true" at the one that holds everything',
    ],
  ],
  [
    'what clients say means two registries, each said once',
    `${HEAD}registries:
  - { host: a.example, names: [m.example], upstreams: [k8s] }
  - { host: A.example, names: [M.example], upstreams: [hub] }
`,
    [
      'registries[1].host: already stands for registries[0].host',
      'registries[1].names[0]: already stands for registries[0].names[0]',
    ],
  ],
  [
    'values of the wrong form',
    `version: 1
delivery: relay
cache: { folder: "", size: 10GB, scrub: 1m, pin: images.txt, platforms: [amd64] }
registries: [{ host: "https://a.example", path: a/b, upstreams: [] }]
revalidate: { after: 5, timeout: 1ms, onError: maybe, onGone: 404, negative: 1h }
upstreams: [{ id: a, url: "https://a.example", at: dc/x }]
`,
    [
      'cache.folder: must be the path of a folder',
      'cache.size: must be a size from 64MiB to 1024TiB, such as 500MiB or 200GiB',
      'cache.scrub: must be off, or a duration from 1h to 365d, such as 300ms, 5s, 10m, 12h or 7d',
      'cache.pin: must be a list',
      'cache.platforms[0]: must be OS/ARCHITECTURE or OS/ARCHITECTURE/VARIANT, such as linux/amd64 or linux/arm/v7',
      'registries[0].host: must be the host of a registry, such as docker.io or registry.test:5000',
      'registries[0].path: must be the first part of a repository name, such as docker.io',
      'registries[0].upstreams: must name at least one upstream',
      'revalidate.after: must be a duration from 0ms to 365d, such as 300ms, 5s, 10m, 12h or 7d',
      'revalidate.timeout: must be a duration from 10ms to 30s, such as 300ms, 5s, 10m, 12h or 7d',
      'revalidate.onError: must be "stale" or "fail"',
      'revalidate.onGone: must be "refuse" or "serve"',
      'revalidate.negative: must be a duration from 0ms to 10m, such as 300ms, 5s, 10m, 12h or 7d',
    ],
  ],
]

test.each(refused)('refused: %s', (_, text, lines) => {
  expect(faultsOf(text).toSorted()).toEqual(lines.toSorted())
})
