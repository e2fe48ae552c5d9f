import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ConfigFault, formatFault } from './fault.ts'
import { type ParseOptions, parseConfig } from './parse.ts'

const OPTIONS: ParseOptions = { environment: {}, baseFolder: '/etc/portolan', fileName: 'config.yaml' }
const MINIMAL = 'version: 1\nupstreams:\n  - { id: a, url: https://a.example, at: dc/x }\n'

function linesOf(text: string, environment: ParseOptions['environment'] = {}): string[] {
  const parsed = parseConfig(text, { ...OPTIONS, environment })
  return 'faults' in parsed ? parsed.faults.map(formatFault) : []
}

function configOf(text: string, environment: ParseOptions['environment'] = {}) {
  const parsed = parseConfig(text, { ...OPTIONS, environment })
  if ('faults' in parsed) throw new Error(parsed.faults.map(formatFault).join('\n'))
  return parsed.config
}

test('a config of two keys gets every default, and its sole upstream is canonical', () => {
  expect(configOf(MINIMAL)).toEqual({
    version: 1,
    listen: { host: '0.0.0.0', port: 8080 },
    admin: { host: '127.0.0.1', port: 9090 },
    adminHosts: [],
    listener: 'plain',
    debug: false,
    log: { access: true, level: 'info', addresses: 'masked' },
    pages: {},
    upstreams: [
      {
        id: 'a',
        url: 'https://a.example',
        prefix: '',
        at: 'dc/x',
        canonical: true,
        complete: true,
        signatures: true,
      },
    ],
    stores: [],
    routing: [],
    clients: { trustedProxies: [], header: 'x-forwarded-for' },
    clouds: { places: [], sources: {} },
    delivery: 'redirect',
    registries: [],
    revalidate: { after: 300_000, timeout: 2000, onError: 'stale', onGone: 'refuse', negative: 10_000 },
    presence: { ttl: 21_600_000, negativeTtl: 30_000, timeout: 300, maxEntries: 1_000_000 },
    health: { interval: 10_000, timeout: 2000, failures: 3, successes: 2 },
  })
})

const DIGEST = `sha256:${'a'.repeat(64)}`

const PUBLIC_KEY = 'MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE='

const MAXIMAL = `
version: 1
listen: "[::]:8080"
admin: off
tls: { certificate: ./tls.crt, key: /run/tls.key, clientCA: clients.pem }
adminTls: { certificate: tls.crt, key: tls.key }
adminHosts: [Door.Example.com]
listener: node-http
debug: true
log: { access: false, level: warn, addresses: full }
pages: { info: "https://example.com/a?b=c", privacy: https://example.com/privacy/ }
upstreams:
  - { id: iowa, url: "https://REGISTRY.example/base//", prefix: p/q, at: gcp/us-central1, canonical: true, canary: 'pause@${DIGEST}', tokenServices: [Login.example.net] }
  - { id: here, layout: ./images, at: my-cloud/berlin, complete: false }
  - { id: there, layout: /srv/images, at: anycast, canonical: false, signatures: false }
stores:
  - { id: paris, url: "http://127.0.0.1:9000/", at: aws/eu-west-3, manifests: "m/{digest}", canary: '${DIGEST}', inventory: true, fill: { s3: { bucket: images-paris, region: eu-west-3, prefix: a/b, credentials: { profile: sso/admin } } } }
  - { id: boston, url: https://boston.example, at: aws/us-east-1-bos-1, fill: { s3: { bucket: b.oston, endpoint: "https://s3.example/", addressing: virtualHost, checksum: md5, credentials: { accessKeyId: { variable: R2_ID }, secretAccessKey: { file: ./r2 }, sessionToken: { file: /run/r2 } } } } }
  - { id: west, url: https://west.example, at: azure/westeurope, fill: { azureBlob: { account: images, container: a-b, credentials: { managedIdentity: system } } } }
  - { id: local, url: https://local.example, at: dc/x, proof: off, fill: { azureBlob: { endpoint: "http://127.0.0.1:10000/dev", container: $web, prefix: x, credentials: { sas: { variable: SAS } } } } }
  - { id: iowa-bucket, url: https://storage.example/images, at: gcp/us-central1, fill: { gcs: { bucket: images_1, endpoint: https://gcs.example, credentials: { key: { file: key.json } } } } }
  - { id: disk, url: https://disk.example, at: dc/x, fill: { folder: ./disk } }
  - { id: cdn, url: https://cdn.example, blobs: "b/{algorithm}/{encoded}", at: anycast, proof: paris }
routing:
  - { when: { cloud: aws, region: [eu-west-3, us-east-1-bos-1] }, prefer: [stores@aws, cdn] }
  - { when: { cloud: hetzner }, prefer: [iowa], within: 3000km }
  - { when: { cloud: my-cloud, region: anything }, prefer: [upstreams@my-cloud] }
  - { when: { region: berlin, country: [DE, PL] }, prefer: [here] }
  - { when: { prefix: [192.0.2.0/24, "2001:db8::/32"], repository: "team/**" }, prefer: [here] }
  - { prefer: [{ split: { cdn: 70, stores@aws: "12.5" } }, stores, upstreams] }
policies:
  - { share: 5 %, routing: [{ prefer: [stores] }] }
  - { id: cheap, share: 0.25%, routing: [] }
clients: { trustedProxies: [127.0.0.1, 10.0.0.0/8, "::1"], header: Forwarded }
clouds: { places: [{ prefix: 192.0.2.0/24, at: my-cloud/berlin }, { prefix: 192.0.2.0/25, at: aws/eu-west-3 }], snapshot: ./state/ranges.bin, refresh: 12h, sources: { aws: "https://mirror.example/aws.json?v=1", github: off } }
presence: { ttl: 30d, negativeTtl: 1s, timeout: 10ms, maxEntries: 50000000 }
spill: { maxShare: 0.25, over: refuse }
health: { interval: 1h, timeout: 10ms, failures: 1, successes: 100 }
ownership:
  maxAge: 1h
  publicKey: |
    -----BEGIN PUBLIC KEY-----
    ${PUBLIC_KEY}
    -----END PUBLIC KEY-----
sync:
  from: iowa
  repositories: { list: childRepositories, include: ["kube-*", "/^team/"], exclude: ["**/test"] }
  tags: { include: ["v*"], exclude: ["/-rc/"], semver: ">=1.28 <2 || ^3", latest: 10 }
  perRepository: [{ repositories: [etcd], tags: { latest: 1 } }]
  platforms: [linux/amd64, linux/arm/v7]
  referrers: false
  referrersRecheck: 0s
  foreignLayers: copy
  journal: ./state/sync
  concurrency: 64
  requestsPerSecond: 1
  maxWait: 1h
  signingKey: keys/owner.pem
`

test('a config with every key is read whole', () => {
  expect(configOf(MAXIMAL)).toEqual({
    version: 1,
    listen: { host: '::', port: 8080 },
    tls: {
      certificate: '/etc/portolan/tls.crt',
      key: '/run/tls.key',
      clientCA: '/etc/portolan/clients.pem',
    },
    adminTls: { certificate: '/etc/portolan/tls.crt', key: '/etc/portolan/tls.key' },
    adminHosts: ['door.example.com'],
    listener: 'node-http',
    debug: true,
    log: { access: false, level: 'warn', addresses: 'full' },
    pages: { info: 'https://example.com/a?b=c', privacy: 'https://example.com/privacy/' },
    upstreams: [
      {
        id: 'iowa',
        url: 'https://registry.example/base',
        prefix: 'p/q',
        at: 'gcp/us-central1',
        canonical: true,
        complete: true,
        signatures: true,
        canary: `pause@${DIGEST}`,
        tokenServices: ['login.example.net'],
      },
      {
        id: 'here',
        layout: '/etc/portolan/images',
        prefix: '',
        at: 'my-cloud/berlin',
        canonical: false,
        complete: false,
        signatures: true,
      },
      {
        id: 'there',
        layout: '/srv/images',
        prefix: '',
        at: 'anycast',
        canonical: false,
        complete: true,
        signatures: false,
      },
    ],
    stores: [
      {
        id: 'paris',
        url: 'http://127.0.0.1:9000',
        blobs: 'containers/images/{digest}',
        manifests: 'm/{digest}',
        canary: DIGEST,
        at: 'aws/eu-west-3',
        inventory: true,
        proof: 'paris',
        fill: {
          kind: 's3',
          bucket: 'images-paris',
          region: 'eu-west-3',
          prefix: 'a/b',
          credentials: { profile: 'sso/admin' },
        },
      },
      {
        id: 'boston',
        url: 'https://boston.example',
        blobs: 'containers/images/{digest}',
        at: 'aws/us-east-1-bos-1',
        inventory: false,
        proof: 'boston',
        fill: {
          kind: 's3',
          bucket: 'b.oston',
          endpoint: 'https://s3.example',
          prefix: '',
          addressing: 'virtualHost',
          checksum: 'md5',
          credentials: {
            accessKeyId: { variable: 'R2_ID' },
            secretAccessKey: { file: '/etc/portolan/r2' },
            sessionToken: { file: '/run/r2' },
          },
        },
      },
      {
        id: 'west',
        url: 'https://west.example',
        blobs: 'containers/images/{digest}',
        at: 'azure/westeurope',
        inventory: false,
        proof: 'west',
        fill: {
          kind: 'azureBlob',
          account: 'images',
          container: 'a-b',
          prefix: '',
          credentials: { managedIdentity: 'system' },
        },
      },
      {
        id: 'local',
        url: 'https://local.example',
        blobs: 'containers/images/{digest}',
        at: 'dc/x',
        inventory: false,
        fill: {
          kind: 'azureBlob',
          endpoint: 'http://127.0.0.1:10000/dev',
          container: '$web',
          prefix: 'x',
          credentials: { sas: { variable: 'SAS' } },
        },
      },
      {
        id: 'iowa-bucket',
        url: 'https://storage.example/images',
        blobs: 'containers/images/{digest}',
        at: 'gcp/us-central1',
        inventory: false,
        proof: 'iowa-bucket',
        fill: {
          kind: 'gcs',
          bucket: 'images_1',
          endpoint: 'https://gcs.example',
          prefix: '',
          credentials: { key: { file: '/etc/portolan/key.json' } },
        },
      },
      {
        id: 'disk',
        url: 'https://disk.example',
        blobs: 'containers/images/{digest}',
        at: 'dc/x',
        inventory: false,
        proof: 'disk',
        fill: { kind: 'folder', folder: '/etc/portolan/disk' },
      },
      {
        id: 'cdn',
        url: 'https://cdn.example',
        blobs: 'b/{algorithm}/{encoded}',
        at: 'anycast',
        inventory: false,
        proof: 'paris',
      },
    ],
    routing: [
      { when: { cloud: ['aws'], region: ['eu-west-3', 'us-east-1-bos-1'] }, prefer: ['stores@aws', 'cdn'] },
      { when: { cloud: ['hetzner'] }, prefer: ['iowa'], within: 3000 },
      { when: { cloud: ['my-cloud'], region: ['anything'] }, prefer: ['upstreams@my-cloud'] },
      { when: { region: ['berlin'], country: ['DE', 'PL'] }, prefer: ['here'] },
      { when: { prefix: ['192.0.2.0/24', '2001:db8::/32'], repository: ['team/**'] }, prefer: ['here'] },
      { when: {}, prefer: [{ split: { cdn: 70, 'stores@aws': 12.5 } }, 'stores', 'upstreams'] },
    ],
    policies: [
      { id: 'policy-1', share: 0.05, routing: [{ when: {}, prefer: ['stores'] }] },
      { id: 'cheap', share: 0.0025, routing: [] },
    ],
    clients: { trustedProxies: ['127.0.0.1', '10.0.0.0/8', '::1'], header: 'forwarded' },
    clouds: {
      places: [
        { prefix: '192.0.2.0/24', at: 'my-cloud/berlin' },
        { prefix: '192.0.2.0/25', at: 'aws/eu-west-3' },
      ],
      snapshot: '/etc/portolan/state/ranges.bin',
      refresh: 43_200_000,
      sources: { aws: 'https://mirror.example/aws.json?v=1', github: 'off' },
    },
    delivery: 'redirect',
    registries: [],
    revalidate: { after: 300_000, timeout: 2000, onError: 'stale', onGone: 'refuse', negative: 10_000 },
    presence: { ttl: 2_592_000_000, negativeTtl: 1000, timeout: 10, maxEntries: 50_000_000 },
    spill: { maxShare: 0.25, over: 'refuse' },
    health: { interval: 3_600_000, timeout: 10, failures: 1, successes: 100 },
    ownership: { publicKey: PUBLIC_KEY, maxAge: 3_600_000 },
    sync: {
      from: 'iowa',
      repositories: { list: 'childRepositories', include: ['kube-*', '/^team/'], exclude: ['**/test'] },
      tags: { include: ['v*'], exclude: ['/-rc/'], semver: '>=1.28 <2 || ^3', latest: 10 },
      perRepository: [{ repositories: ['etcd'], tags: { include: [], exclude: [], latest: 1 } }],
      platforms: ['linux/amd64', 'linux/arm/v7'],
      referrers: false,
      referrersRecheck: 0,
      foreignLayers: 'copy',
      journal: '/etc/portolan/state/sync',
      concurrency: 64,
      requestsPerSecond: 1,
      maxWait: 3_600_000,
      signingKey: '/etc/portolan/keys/owner.pem',
    },
  })
})

const FILLED_TWICE: readonly (readonly [what: string, one: string, other: string])[] = [
  ['a folder', 'folder: b', 'folder: ./c/../b/'],
  ['a folder, absolute', 'folder: b', 'folder: /etc/portolan/b'],
  ['a bucket', 's3: { bucket: abc, region: us-east-1 }', 's3: { bucket: abc }'],
  [
    'a bucket by its region',
    's3: { bucket: abc }',
    's3: { bucket: abc, endpoint: "https://s3.eu-west-3.amazonaws.com" }',
  ],
  [
    'a bucket elsewhere',
    's3: { bucket: abc, endpoint: "https://x.test" }',
    's3: { bucket: abc, endpoint: "https://X.test:443/" }',
  ],
  [
    'a prefix',
    'gcs: { bucket: abc, prefix: a/b }',
    'gcs: { bucket: abc, prefix: a/b, endpoint: "https://storage.googleapis.com" }',
  ],
  [
    'a container',
    'azureBlob: { account: abc, container: abc }',
    'azureBlob: { endpoint: "https://abc.blob.core.windows.net", container: abc }',
  ],
]

test.each(FILLED_TWICE)('two stores are not filled at one place: %s', (_, one, other) => {
  const text = `${MINIMAL}stores:\n  - { id: b, url: "https://b", at: dc/x, fill: { ${one} } }\n  - { id: c, url: "https://c", at: dc/x, fill: { ${other} } }\n`
  expect(linesOf(text)).toEqual([
    expect.stringMatching(/^config[.]yaml:6:.* stores\[1\][.]fill.*: is where stores\[0\] is filled too: /),
  ])
})

test.each([
  ['s3: { bucket: abc }', 's3: { bucket: abc, endpoint: "https://x.test" }'],
  ['s3: { bucket: abc, prefix: a }', 's3: { bucket: abc, prefix: b }'],
  ['s3: { bucket: abc }', 'gcs: { bucket: abc }'],
  ['folder: b', 'folder: b-2'],
])('two stores may be filled at %s and %s', (one, other) => {
  const text = `${MINIMAL}stores:\n  - { id: b, url: "https://b", at: dc/x, fill: { ${one} } }\n  - { id: c, url: "https://c", at: dc/x, fill: { ${other} } }\n`
  expect(configOf(text).stores).toHaveLength(2)
})

test.each([
  ['journal', 'sync: { journal: b/journal }', '5:18 sync.journal: "b/journal"'],
  ['signing key', 'sync: { signingKey: ./b/key.pem }', '5:21 sync.signingKey: "./b/key.pem"'],
  ['key', 'tls: { certificate: c, key: b/key }', '5:29 tls.key: "b/key"'],
])('a %s is not where everybody can fetch it', (_, line, at) => {
  const text = `${MINIMAL}stores: [{ id: b, url: "https://b", at: dc/x, fill: { folder: b } }]\n${line}\n`
  expect(linesOf(text)).toEqual([
    `config.yaml:${at}: lies in the folder of stores[0], which is served; put it elsewhere`,
  ])
})

test('a folder that is filled is not in another, nor are uploads', () => {
  const text = `${MINIMAL}stores:\n  - { id: b, url: "https://b", at: dc/x, fill: { folder: b, partial: b/p } }\n  - { id: c, url: "https://c", at: dc/x, fill: { folder: b/c } }\n`
  expect(linesOf(text)).toEqual([
    'config.yaml:5:70 stores[0].fill.partial: "b/p": lies in the folder of stores[0], which is served; put it elsewhere',
    'config.yaml:6:58 stores[1].fill.folder: "b/c": lies in one folder with that of stores[0]; put them side by side',
  ])
})

test('a sync of no keys copies everything from the canonical upstream', () => {
  expect(configOf(`${MINIMAL}sync: {}\n`).sync).toEqual({
    from: 'a',
    repositories: { list: 'catalog', include: [], exclude: [] },
    tags: { include: [], exclude: [] },
    perRepository: [],
    platforms: [],
    referrers: true,
    referrersRecheck: 86_400_000,
    foreignLayers: 'skip',
    journal: '/etc/portolan/portolan-sync',
    concurrency: 4,
    requestsPerSecond: 100,
    maxWait: 900_000,
  })
})

test.each([
  ['with ownership, a store proves itself under its own id', true, '', 'b'],
  ['without, no proof is asked for', false, '', undefined],
  ['a store that is excused proves nothing', true, ', proof: off', undefined],
  ['being excused from nothing is no fault', false, ', proof: off', undefined],
])('%s', (_, owned, proof, expected) => {
  const ownership = owned ? `ownership: { publicKey: "${PUBLIC_KEY}" }\n` : ''
  const { stores } = configOf(
    `${MINIMAL}${ownership}stores: [{ id: b, url: "https://b", at: dc/x${proof} }]\n`,
  )
  expect(stores[0]!.proof).toBe(expected)
})

test('JSON, indented with tabs too, is a config', () => {
  const value = { version: 1, upstreams: [{ id: 'a', url: 'https://a.example', at: 'dc/x' }] }
  expect(configOf(JSON.stringify(value, null, '\t'))).toEqual(configOf(MINIMAL))
})

test('variables fill strings, numbers and truth values, and cannot add keys', () => {
  const text = `${MINIMAL}listen: "\${HOST}:\${PORT:-80}"
debug: \${DEBUG}
presence: { maxEntries: "\${MAX}" }
pages: { info: "https://x.example/$\${literal}" }
clients: { header: "\${HEADER}" }
`
  const environment = { HOST: '127.0.0.1', PORT: '', DEBUG: 'true', MAX: '2000', HEADER: 'a: b' }
  expect(linesOf(text, environment)).toEqual([
    'config.yaml:8:20 clients.header: "a: b": must be the name of a header',
  ])
  const config = configOf(text, { ...environment, HEADER: 'x-real-ip' })
  expect(config).toMatchObject({
    listen: { host: '127.0.0.1', port: 80 },
    debug: true,
    presence: { maxEntries: 2000 },
    pages: { info: 'https://x.example/$%7Bliteral%7D' },
  })
})

test('a canonical upstream that the door answers from disk cannot be copied from', () => {
  const layouts = 'version: 1\nupstreams: [{ id: a, layout: a, at: dc/x }]\nsync: {}\n'
  expect(linesOf(layouts)).toEqual([
    'config.yaml:3:7 sync: needs an upstream with url to copy from, and the canonical one, a, has none; there is none',
  ])
  const both = `version: 1
upstreams:
  - { id: a, layout: a, at: dc/x, canonical: true }
  - { id: b, url: "https://b.example", at: dc/x }
`
  expect(linesOf(`${both}sync: {}\n`)).toEqual([
    'config.yaml:5:7 sync: needs an upstream with url to copy from, and the canonical one, a, has none; allowed here: b',
  ])
  expect(configOf(`${both}sync: { from: b }\n`).sync!.from).toBe('b')
})

test.each(['examples/minimal.yaml', 'examples/registry.k8s.io.yaml', 'examples/sync.yaml'])(
  '%s is valid',
  (file) => {
    expect(linesOf(readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8'))).toEqual([])
  },
)

const LISTEN = 'must be HOST:PORT, such as 0.0.0.0:8080, :8080 or [::]:8080, with a port from 0 to 65535'
const PLACE = 'must be CLOUD/REGION, such as aws/eu-west-3'
const BLOBS =
  'must be a path with {digest}, or with both {algorithm} and {encoded}, without "..", "?" and "#" and without "/" at the ends'
const ID =
  'must be a name of a-z, 0-9 and "-" (at most 63, no "-" at the start) other than "upstreams", "stores" and "off"'
const PREFIX =
  'must be a repository prefix: lower-case letters and digits, joined by ".", "_", "__", "-" and "/", no "/" at the ends'

const KEYS =
  'must be a prefix of keys: at most 256 characters that need no encoding in a URL, no "." and "..", no "/" at the ends'

/** What follows a valid config, and the lines it gives; line 4 of the file is the first of the addition. */
const additions: [name: string, addition: string, lines: string[]][] = [
  [
    'TLS without a key, or with the key itself',
    'tls: { certificate: a.crt }\nadminTls: { certificate: "", key: [] }\n',
    [
      '4:6 tls.key: is required, and must be the path of a file',
      '5:26 adminTls.certificate: "": must be the path of a file',
      '5:35 adminTls.key: []: must be the path of a file',
    ],
  ],
  [
    'an unknown key',
    'lisen: 1\n"a b": 2\n',
    [
      '4:1 lisen: unknown key (did you mean "listen"?); the keys here are version, listen, admin, tls, adminTls, adminHosts, listener, debug, log, pages, delivery, cache, registries, revalidate, upstreams, stores, routing, policies, spill, sponsors, pacing, clients, clouds, presence, health, ownership, endpoints, legacy, ca, sync',
      '5:1 ["a b"]: unknown key; the keys here are version, listen, admin, tls, adminTls, adminHosts, listener, debug, log, pages, delivery, cache, registries, revalidate, upstreams, stores, routing, policies, spill, sponsors, pacing, clients, clouds, presence, health, ownership, endpoints, legacy, ca, sync',
    ],
  ],
  [
    'a key that cannot be set like others in JavaScript',
    'log: { __proto__: { access: false } }\n',
    ['4:8 log.__proto__: unknown key; the keys here are access, level, addresses'],
  ],
  [
    'a merge key',
    'log: { <<: { access: false } }\n',
    ['4:8 log["<<"]: unknown key; the keys here are access, level, addresses'],
  ],
  ['a list for a map', 'log: []\n', ['4:6 log: []: must be a map of keys to values']],
  ['nothing for a list', 'stores:\n', ['4:8 stores: null: must be a list']],
  ['a port alone', 'listen: 8080\n', [`4:9 listen: 8080: ${LISTEN}`]],
  ['a port out of range', 'listen: :65536\n', [`4:9 listen: ":65536": ${LISTEN}`]],
  ['no host and port', 'admin: on\n', [`4:8 admin: "on": must be off, or ${LISTEN.slice(8)}`]],
  [
    'two services on one port',
    'listen: :9090\n',
    ['1:1 admin: must not share a port with the door, which listens on :9090'],
  ],
  ['a truth value of YAML 1.1', 'debug: yes\n', ['4:8 debug: "yes": must be true or false']],
  [
    'a log level',
    'log: { level: loud }\n',
    ['4:15 log.level: "loud": must be "debug", "info", "warn", "error" or "silent"'],
  ],
  [
    'what is logged of addresses',
    'log: { addresses: some }\n',
    ['4:19 log.addresses: "some": must be "off", "masked" or "full"'],
  ],
  [
    'a page that is not on the web',
    'pages: { info: "javascript:alert(1)" }\n',
    ['4:16 pages.info: "javascript:alert(1)": must be an http or https URL'],
  ],
  [
    'proxies',
    'clients: { trustedProxies: 10.0.0.0/8 }\n',
    ['4:28 clients.trustedProxies: "10.0.0.0/8": must be a list'],
  ],
  [
    'a proxy that is no address',
    'clients: { trustedProxies: [10.0.0.0/33, proxy.example] }\n',
    [
      '4:29 clients.trustedProxies[0]: "10.0.0.0/33": is not a prefix: expected a length from 0 to 32 after the "/"',
      '4:42 clients.trustedProxies[1]: "proxy.example": is not a prefix: expected an IPv4 or IPv6 ADDRESS or ADDRESS/LENGTH',
    ],
  ],
  ['a header', 'clients: { header: "a b" }\n', ['4:20 clients.header: "a b": must be the name of a header']],
  [
    'a prefix that is placed twice',
    'clouds: { places: [{ prefix: "::ffff:10.0.0.0/104", at: dc/x }, { prefix: 10.0.0.0/8, at: dc/y }] }\n',
    ['4:75 clouds.places[1].prefix: "10.0.0.0/8": is already placed by clouds.places[0]'],
  ],
  [
    'clients that are everywhere',
    'clouds: { places: [{ prefix: 10.0.0.0/8, at: anycast }] }\n',
    [`4:46 clouds.places[0].at: "anycast": ${PLACE}`],
  ],
  [
    'where a list is',
    'clouds: { sources: { gcp: "file:///gcp.json" } }\n',
    ['4:27 clouds.sources.gcp: "file:///gcp.json": must be an http or https URL'],
  ],
  [
    'a cloud without a list',
    'clouds: { sources: { awz: off } }\n',
    [
      '4:27 clouds.sources.awz: "off": names no provider (did you mean "aws"?); the providers are aws, gcp, azure, oracle, digitalocean, linode, vultr, cloudflare, fastly, github',
    ],
  ],
  [
    'a snapshot and how often it is made',
    'clouds: { snapshot: "", refresh: 1s }\n',
    [
      '4:21 clouds.snapshot: "": must be the path of a file',
      '4:34 clouds.refresh: "1s": must be off, or a duration from 1m to 30d, such as 300ms, 5s, 10m, 12h or 7d',
    ],
  ],
  [
    'durations',
    'presence: { ttl: 1w, negativeTtl: 10, timeout: 31s }\n',
    [
      '4:18 presence.ttl: "1w": must be a duration from 1s to 30d, such as 300ms, 5s, 10m, 12h or 7d',
      '4:35 presence.negativeTtl: 10: must be a duration from 1s to 1d, such as 300ms, 5s, 10m, 12h or 7d',
      '4:48 presence.timeout: "31s": must be a duration from 10ms to 30s, such as 300ms, 5s, 10m, 12h or 7d',
    ],
  ],
  [
    'a number out of range',
    'presence: { maxEntries: 1e9 }\n',
    ['4:25 presence.maxEntries: 1000000000: must be a whole number from 1000 to 50000000'],
  ],
  [
    'a variable that is not set',
    `debug: "\${PORTOLAN_DEBUG}"\n`,
    [
      `4:8 debug: "\${PORTOLAN_DEBUG}": PORTOLAN_DEBUG is not set in the environment; set it, or write \${PORTOLAN_DEBUG:-default}`,
    ],
  ],
  [
    'a malformed reference',
    `pages: { info: "\${a b}" }\n`,
    [
      `4:16 pages.info: "\${a b}": "\${a b}" must be \${NAME} or \${NAME:-default}; a literal \${ is written $\${`,
    ],
  ],
  [
    'a selector of nothing',
    'routing: [{ prefer: [upstreams, stores@awss, upstreams@dx] }]\n',
    [
      '4:33 routing[0].prefer[1]: "stores@awss": names no backend; allowed here: upstreams, upstreams@dc, a',
      '4:46 routing[0].prefer[2]: "upstreams@dx": names no backend (did you mean "upstreams@dc"?); allowed here: upstreams, upstreams@dc, a',
    ],
  ],
  [
    'no selector',
    'routing: [{ prefer: [] }]\n',
    ['4:21 routing[0].prefer: []: must name at least one selector'],
  ],
  [
    'a distance in another unit',
    'routing: [{ prefer: [a], within: 30mi }]\n',
    ['4:34 routing[0].within: "30mi": must be a distance from 1km to 20038km, such as 3000km'],
  ],
  [
    'no prefer',
    'routing: [{ when: {} }]\n',
    ['4:11 routing[0].prefer: must be a list of selectors and splits'],
  ],
  [
    'splits that are none',
    'routing: [{ prefer: [{ split: {} }, { split: 5 }, {}, 5, [a], { splits: { a: 1 } }] }]\n',
    [
      '4:31 routing[0].prefer[0].split: must name at least one selector',
      '4:46 routing[0].prefer[1].split: 5: must be a map of selectors to weights',
      '4:51 routing[0].prefer[2].split: must be a map of selectors to weights',
      '4:55 routing[0].prefer[3]: 5: must be a selector, or a map { split: { SELECTOR: WEIGHT, … } }',
      '4:58 routing[0].prefer[4]: ["a"]: must be a selector, or a map { split: { SELECTOR: WEIGHT, … } }',
      '4:63 routing[0].prefer[5].split: must be a map of selectors to weights',
      '4:65 routing[0].prefer[5].splits: unknown key (did you mean "split"?); the keys here are split',
    ],
  ],
  [
    'weights that are none',
    'routing: [{ prefer: [{ split: { a: 0, upstreams: -1 } }, { split: { a: .nan, upstreams: .inf } }, { split: { a: { split: { a: 1 } } } }] }]\n',
    [
      '4:36 routing[0].prefer[0].split.a: 0: must be a number from 0.001 to 1000000',
      '4:50 routing[0].prefer[0].split.upstreams: -1: must be a number from 0.001 to 1000000',
      '4:72 routing[0].prefer[1].split.a: null: must be a number from 0.001 to 1000000',
      '4:89 routing[0].prefer[1].split.upstreams: null: must be a number from 0.001 to 1000000',
      '4:113 routing[0].prefer[2].split.a: must be a number from 0.001 to 1000000',
    ],
  ],
  [
    'splits between nobody',
    `routing: [{ prefer: [{ split: { aa: 1, __proto__: 1, a: "\${WEIGHT}" } }] }]\n`,
    [
      '4:33 routing[0].prefer[0].split.aa: names no backend (did you mean "a"?); allowed here: upstreams, upstreams@dc, a',
      '4:40 routing[0].prefer[0].split.__proto__: names no backend; allowed here: upstreams, upstreams@dc, a',
      `4:57 routing[0].prefer[0].split.a: "\${WEIGHT}": WEIGHT is not set in the environment; set it, or write \${WEIGHT:-default}`,
    ],
  ],
  [
    'conditions on networks and repositories',
    'routing: [{ when: { prefix: [10.0.0.1/8, x], repository: ["/(/", ""] }, prefer: [a] }, { when: { prefix: 300.0.0.0 }, prefer: [a] }]\n',
    [
      '4:30 routing[0].when.prefix[0]: "10.0.0.1/8": is not a prefix: bits are set below its length; the block is 10.0.0.0/8',
      '4:42 routing[0].when.prefix[1]: "x": is not a prefix: expected an IPv4 or IPv6 ADDRESS or ADDRESS/LENGTH',
      '4:59 routing[0].when.repository[0]: "/(/": must be a regular expression between the slashes: unterminated group',
      '4:66 routing[0].when.repository[1]: "": must be a glob, or a regular expression between slashes, of at most 512 characters',
      '4:106 routing[1].when.prefix: "300.0.0.0": is not a prefix: expected an IPv4 or IPv6 ADDRESS or ADDRESS/LENGTH',
    ],
  ],
  [
    'shares of policies',
    'policies: [{ share: 5, routing: [] }, { share: 0.05, routing: [] }, { share: 101%, routing: [] }, { routing: [] }]\n',
    [
      '4:21 policies[0].share: 5: must be a percentage from 0 % to 100 %, such as 5 %',
      '4:48 policies[1].share: 0.05: must be a percentage from 0 % to 100 %, such as 5 %',
      '4:78 policies[2].share: "101%": must be a percentage from 0 % to 100 %, such as 5 %',
      '4:99 policies[3].share: is required, and must be a percentage from 0 % to 100 %, such as 5 %',
    ],
  ],
  [
    'policies',
    `policies:
  - { share: 50%, routing: [{ prefer: [b] }, { prefer: [a] }] }
  - { id: main, share: 50.1 %, routing: [{ when: { cloud: awz }, prefer: [a] }] }
  - { id: policy-1, share: 1%, routing: [] }
`,
    [
      '5:40 policies[0].routing[0].prefer[0]: "b": names no backend (did you mean "a"?); allowed here: upstreams, upstreams@dc, a',
      '5:46 policies[0].routing[1]: can never count: policies[0].routing[0] before it always matches',
      '6:11 policies[1].id: "main": is how the log and the metrics call "routing"; take another',
      '6:24 policies[1].share: "50.1 %": is more than the others leave: all shares together must not be over 100 %',
      '6:59 policies[1].routing[0].when.cloud: "awz": must name a cloud (did you mean "aws"?)',
      '7:11 policies[2].id: "policy-1": is already the id of policies[0]',
    ],
  ],
  [
    'a condition on a cloud',
    'routing: [{ when: { cloud: [awz, my-own, AWS, ""] }, prefer: [a] }]\n',
    [
      '4:29 routing[0].when.cloud[0]: "awz": must name a cloud (did you mean "aws"?)',
      '4:42 routing[0].when.cloud[2]: "AWS": must name a cloud (did you mean "aws"?)',
      '4:47 routing[0].when.cloud[3]: "": must name a cloud',
    ],
  ],
  [
    'a condition on a region',
    'routing: [{ when: { region: aws/eu-west-3 }, prefer: [a] }, { when: { cloud: gcp, region: [europe-wst3, us-east1-b] }, prefer: [a] }]\n',
    [
      '4:29 routing[0].when.region: "aws/eu-west-3": must name a region, without its cloud (did you mean "eu-west-3"?)',
      '4:92 routing[1].when.region[0]: "europe-wst3": must name a region, without its cloud (did you mean "europe-west3"?)',
      '4:105 routing[1].when.region[1]: "us-east1-b": must name a region, without its cloud (did you mean "us-east1"?)',
    ],
  ],
  [
    'a condition on a country',
    'routing: [{ when: { country: [France, FR] }, prefer: [a] }]\n',
    [
      '4:31 routing[0].when.country[0]: "France": must be an ISO 3166-1 country code of two capital letters, such as FR',
    ],
  ],
  [
    'a condition of the wrong kind',
    'routing: [{ when: { cloud: 5, country: [] }, prefer: [a] }]\n',
    [
      '4:28 routing[0].when.cloud: 5: must be the name of a cloud, or a list of them',
      '4:40 routing[0].when.country: []: must be an ISO 3166-1 country code of two capital letters, or a list of them',
    ],
  ],
  [
    'a rule that nothing reaches',
    'routing: [{ prefer: [a] }, { when: {}, prefer: [a] }]\n',
    ['4:28 routing[1]: can never count: routing[0] before it always matches'],
  ],
  [
    'a store without anything',
    'stores: [{}]\n',
    [
      `4:10 stores[0].id: is required, and ${ID}`,
      '4:10 stores[0].url: is required, and must be an http or https URL',
      `4:10 stores[0].at: is required, and ${PLACE}, or anycast`,
    ],
  ],
  [
    'an ownership without a key, and how old a proof may be',
    'ownership: { maxAge: 1m }\n',
    [
      '4:12 ownership.publicKey: is required, and must be an Ed25519 public key',
      '4:22 ownership.maxAge: "1m": must be a duration from 1h to 365d, such as 300ms, 5s, 10m, 12h or 7d',
    ],
  ],
  [
    'a key of another kind',
    'ownership: { publicKey: "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE" }\n',
    [
      '4:25 ownership.publicKey: "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE": must be an Ed25519 public key as "openssl pkey -pubout" prints it, or the line of 60 characters in that',
    ],
  ],
  [
    'two ways to fill, no way, and an unknown one',
    'stores: [{ id: b, url: "https://b", at: dc/x, fill: { folder: b, gcs: { bucket: abc } } }, { id: c, url: "https://c", at: dc/x, fill: {} }, { id: d, url: "https://d", at: dc/x, fill: { s4: {} } }]\n',
    [
      '4:53 stores[0].fill: has gcs and folder; keep one',
      '4:135 stores[1].fill: needs one of s3, azureBlob, gcs, folder',
      '4:186 stores[2].fill.s4: unknown key (did you mean "s3"?); the keys here are s3, azureBlob, gcs, folder, partial',
    ],
  ],
  [
    'credentials of a bucket',
    'stores: [{ id: b, url: "https://b", at: dc/x, fill: { s3: { bucket: abc, secretAccessKey: x } } }]\n',
    [
      '4:74 stores[0].fill.s3.secretAccessKey: unknown key; the keys here are bucket, region, endpoint, prefix, addressing, checksum, credentials',
    ],
  ],
  [
    'where a container is',
    'stores: [{ id: b, url: "https://b", at: dc/x, fill: { azureBlob: { container: abc } } }, { id: c, url: "https://c", at: dc/x, fill: { azureBlob: { container: abc, account: abc, endpoint: "https://x" } } }]\n',
    [
      '4:66 stores[0].fill.azureBlob: needs account or endpoint',
      '4:146 stores[1].fill.azureBlob: has both account and endpoint; keep one',
    ],
  ],
  [
    'where uploads to no folder lie',
    'stores: [{ id: b, url: "https://b", at: dc/x, fill: { gcs: { bucket: abc }, partial: p } }]\n',
    ['4:86 stores[0].fill.partial: "p": is for a folder, and there is none'],
  ],
  [
    'a proof that nobody checks, of a store that is not there',
    'stores: [{ id: paris, url: "https://b", at: dc/x, proof: pariss }]\n',
    [
      '4:58 stores[0].proof: "pariss": needs ownership.publicKey, by which proofs are checked',
      '4:58 stores[0].proof: "pariss": must be off or the id of a store (did you mean "paris"?)',
    ],
  ],
  [
    'the URL of a proof that nobody asks for',
    'stores: [{ id: paris, url: "https://b", at: dc/x, proofUrl: "https://c" }]\n',
    ['4:61 stores[0].proofUrl: "https://c": is of no use: no proof of ownership is asked of this store'],
  ],
  [
    'a sync from nowhere',
    'sync: { from: b }\n',
    ['4:15 sync.from: "b": must be the id of an upstream with url (did you mean "a"?); allowed here: a'],
  ],
  [
    'tags of some repositories, and what becomes of foreign layers',
    'sync: { perRepository: [{ repositories: [], tags: { latest: 0 } }, { repositories: ["/(/"] }], foreignLayers: keep, maxWait: 2d }\n',
    [
      '4:41 sync.perRepository[0].repositories: []: must have at least one pattern',
      '4:61 sync.perRepository[0].tags.latest: 0: must be a whole number from 1 to 100000',
      '4:68 sync.perRepository[1].tags: is required',
      '4:85 sync.perRepository[1].repositories[0]: "/(/": must be a regular expression between the slashes: unterminated group',
      '4:111 sync.foreignLayers: "keep": must be "skip" or "copy"',
      '4:126 sync.maxWait: "2d": must be a duration from 1s to 1d, such as 300ms, 5s, 10m, 12h or 7d',
    ],
  ],
  [
    'which repositories',
    'sync: { repositories: { list: all, include: "kube-*", exclude: ["", "/a", "/(/"] } }\n',
    [
      '4:31 sync.repositories.list: "all": must be catalog, childRepositories, or a list of names such as kube-proxy or team/tool',
      '4:45 sync.repositories.include: "kube-*": must be a list',
      '4:65 sync.repositories.exclude[0]: "": must be a glob, or a regular expression between slashes, of at most 512 characters',
      '4:69 sync.repositories.exclude[1]: "/a": must end with "/", as the regular expression that it begins, or begin without',
      '4:75 sync.repositories.exclude[2]: "/(/": must be a regular expression between the slashes: unterminated group',
    ],
  ],
  [
    'names of repositories',
    'sync: { repositories: { list: [kube-proxy, Kube] } }\n',
    [
      '4:44 sync.repositories.list[1]: "Kube": must be the name of a repository, such as kube-proxy or team/tool',
    ],
  ],
  [
    'no repository',
    'sync: { repositories: { list: [] } }\n',
    ['4:31 sync.repositories.list: []: must name at least one repository'],
  ],
  [
    'which tags',
    'sync: { tags: { semver: "newest", latest: 0 } }\n',
    [
      '4:25 sync.tags.semver: "newest": must be a range of versions, such as ">=1.28 <2"',
      '4:43 sync.tags.latest: 0: must be a whole number from 1 to 100000',
    ],
  ],
  [
    'how it is copied',
    'sync: { platforms: [amd64], journal: "", concurrency: 65, requestsPerSecond: 0, signingKey: "" }\n',
    [
      '4:21 sync.platforms[0]: "amd64": must be OS/ARCHITECTURE or OS/ARCHITECTURE/VARIANT, such as linux/amd64 or linux/arm/v7',
      '4:38 sync.journal: "": must be the path of a folder',
      '4:55 sync.concurrency: 65: must be a whole number from 1 to 64',
      '4:78 sync.requestsPerSecond: 0: must be a whole number from 1 to 10000',
      '4:93 sync.signingKey: "": must be the path of a file',
    ],
  ],
  ['a store that is no map', 'stores: [7]\n', ['4:10 stores[0]: 7: must be a map of keys to values']],
]

test.each(additions)('refused: %s', (_, addition, lines) => {
  expect(linesOf(MINIMAL + addition)).toEqual(lines.map((line) => `config.yaml:${line}`))
})

/** One key of an otherwise valid store, and what its fault says. */
const storeKeys: [key: string, value: unknown, message: string][] = [
  ['id', 'stores', ID],
  ['id', 'A', ID],
  ['id', 'a'.repeat(64), ID],
  ['id', 'a', 'is already the id of upstreams[0]'],
  ['url', 'ftp://x', 'must be an http or https URL'],
  ['url', 'x.example', 'must be an http or https URL'],
  ['url', 'https://', 'must be an http or https URL'],
  ['url', 'https://x.example/?', 'must be a URL without a query ("?…")'],
  ['url', 'https://x.example/#', 'must be a URL without a fragment ("#…")'],
  ['url', 'https://x.example/a b', 'must be a URL without spaces, control characters and backslashes'],
  ['blobs', 'containers/images', BLOBS],
  ['blobs', '{algorithm}', BLOBS],
  ['blobs', '../{digest}', BLOBS],
  ['blobs', './{digest}', BLOBS],
  ['blobs', '/{digest}', BLOBS],
  ['blobs', 'a//{digest}', BLOBS],
  ['blobs', '{digest}?x', BLOBS],
  ['blobs', '{digest}#x', BLOBS],
  ['blobs', '%2e%2e/{digest}', BLOBS],
  ['blobs', '{digest}/{name}', BLOBS],
  ['at', 'aws', `${PLACE}, or anycast`],
  ['at', 'country/FR', PLACE],
  ['at', 'aws/eu-wst-3', 'must be a region of aws (did you mean "eu-west-3"?)'],
  ['at', 'awss/eu-west-3', 'must name a cloud (did you mean "aws/eu-west-3"?)'],
]

test.each(storeKeys)('refused in a store: %s %j', (key, value, message) => {
  const store = { id: 's', url: 'https://s.example', at: 'dc/x', [key]: value }
  const parsed = parseConfig(`${MINIMAL}stores: ${JSON.stringify([store])}\n`, OPTIONS)
  expect(parsed).toMatchObject({ faults: [{ path: `stores[0].${key}`, value, message, line: 4 }] })
})

test('a URL of 2 KiB is refused', () => {
  const url = `https://x.example/${'a'.repeat(2048)}`
  expect(linesOf(`${MINIMAL}pages: { info: "${url}" }`)).toEqual([
    `config.yaml:4:16 pages.info: ${JSON.stringify(url).slice(0, 120)}…: must be a URL of at most 2048 characters`,
  ])
})

test('an unknown region of a public cloud lists those there are when none is near', () => {
  const [line] = linesOf(MINIMAL.replace('dc/x', 'gcp/mars'))
  expect(line).toMatch(
    /^config\.yaml:3:42 upstreams\[0\]\.at: "gcp\/mars": must be a region of gcp: africa-south1, /,
  )
})

/** One key of an otherwise valid way to fill a store, and what its fault says. */
const fillKeys: [kind: string, key: string, value: string, message: string][] = [
  ['s3', 'bucket', 'A_b', 'must be the name of an S3 bucket: 3 to 63 of a-z, 0-9, "." and "-"'],
  ['s3', 'region', 'EU West', 'must be a region, such as eu-west-3, or auto'],
  ['s3', 'endpoint', 'https://key:secret@s3.example', 'must be a URL without credentials ("user:password@")'],
  ...['/a', 'a/', 'a//b', '../a', 'a?b', 'a%2fb', 'a'.repeat(257)].map(
    (prefix): [string, string, string, string] => ['s3', 'prefix', prefix, KEYS],
  ),
  ['gcs', 'bucket', 'a', 'must be the name of a bucket: 3 to 222 of a-z, 0-9, ".", "_" and "-"'],
  ['azureBlob', 'account', 'my-images', 'must be the name of a storage account: 3 to 24 of a-z and 0-9'],
  [
    'azureBlob',
    'container',
    'a--b',
    'must be the name of a container: 3 to 63 of a-z, 0-9 and single "-" between',
  ],
]

test.each(fillKeys)('refused in a fill by %s: %s %j', (kind, key, value, message) => {
  const names = { bucket: 'images', container: 'images' }
  const fill = { [kind]: { [kind === 'azureBlob' ? 'container' : 'bucket']: names.bucket, [key]: value } }
  const store = { id: 's', url: 'https://s.example', at: 'dc/x', fill }
  const lines = linesOf(`${MINIMAL}stores: ${JSON.stringify([store])}\n`)
  expect(lines).toContainEqual(
    expect.stringMatching(new RegExp(`^config\\.yaml:4:\\d+ stores\\[0\\]\\.fill\\.${kind}\\.${key}: `)),
  )
  expect(lines.join()).toContain(message)
})

/** What stands for the list of upstreams in an otherwise valid config. */
const upstreamLists: [name: string, upstreams: string, lines: string[]][] = [
  ['none', '[]', ['2:12 upstreams: []: must name at least one upstream']],
  [
    'both sources, and no source',
    '[{ id: a, url: "https://a", layout: b, at: dc/x, canonical: true }, { id: b, at: dc/x }]',
    [
      '2:13 upstreams[0]: has both url and layout; keep one',
      '2:80 upstreams[1]: needs url (a remote registry), layout or bundle (folders)',
    ],
  ],
  [
    'no canonical one',
    '[{ id: a, layout: a, at: dc/x }, { id: b, layout: b, at: dc/x }]',
    [
      '2:12 upstreams: one upstream must be canonical: write "canonical: true" at the one that holds everything',
    ],
  ],
  [
    'a sole one that says it is not canonical',
    '[{ id: a, layout: a, at: dc/x, canonical: false }]',
    [
      '2:12 upstreams: one upstream must be canonical: write "canonical: true" at the one that holds everything',
    ],
  ],
  [
    'two canonical ones',
    '[{ id: a, layout: a, at: dc/x, canonical: true }, { id: b, layout: b, at: dc/x, canonical: true }]',
    ['2:103 upstreams[1].canonical: true: only one upstream may be canonical, and upstreams[0] is'],
  ],
  [
    'a canonical one without signatures',
    '[{ id: a, layout: a, at: dc/x, canonical: true, signatures: false }]',
    ['2:72 upstreams[0].signatures: false: must be true: the canonical upstream holds everything'],
  ],
  [
    'a faulty canonical, of which nothing more is said',
    '[{ id: a, layout: a, at: dc/x, canonical: maybe }, { id: b, layout: b, at: dc/x }]',
    ['2:54 upstreams[0].canonical: "maybe": must be true or false'],
  ],
  [
    'a faulty url, which is not a missing one',
    '[{ id: a, url: "a", at: dc/x }]',
    ['2:27 upstreams[0].url: "a": must be an http or https URL'],
  ],
  [
    'an empty layout',
    '[{ id: a, layout: "", at: dc/x }]',
    ['2:30 upstreams[0].layout: "": must be the path of a folder'],
  ],
  [
    'a prefix',
    '[{ id: a, layout: a, at: dc/x, prefix: /Images/ }]',
    [`2:51 upstreams[0].prefix: "/Images/": ${PREFIX}`],
  ],
]

test.each(upstreamLists)('refused as upstreams: %s', (_, upstreams, lines) => {
  const text = `version: 1\nupstreams: ${upstreams}\n`
  expect(linesOf(text)).toEqual(lines.map((line) => `config.yaml:${line}`))
})

test('a version that is missing or another is refused', () => {
  expect(linesOf('upstreams: [{ id: a, layout: a, at: dc/x }]')).toEqual([
    'config.yaml:1:1 version: must be 1',
  ])
  expect(linesOf('version: 2\nupstreams: [{ id: a, layout: a, at: dc/x }]')).toEqual([
    'config.yaml:1:10 version: 2: must be 1',
  ])
})

describe('credentials', () => {
  const secret = 'hunter2'

  test.each([
    ['in a URL', `stores: [{ id: s, url: "https://user:${secret}@s.example", at: dc/x }]\n`],
    [
      'in a URL of an odd shape',
      `stores: [{ id: s, url: "https://u:${secret}/@x\\"@s.example", at: dc/x }]\n`,
    ],
    ['in a URL of another kind', `pages: { info: "redis://:${secret}@r.example" }\n`],
    ['in a signed query', `pages: { info: "ftp://a@b.example/x?sv=1&sig=${secret}&n=5" }\n`],
    ['in a list', `log: ["https://user:${secret}@s.example"]\n`],
  ])('%s are not repeated', (_, addition) => {
    const parsed = parseConfig(MINIMAL + addition, OPTIONS) as { faults: ConfigFault[] }
    expect(parsed.faults).toHaveLength(1)
    expect(JSON.stringify(parsed)).not.toContain(secret)
    expect(formatFault(parsed.faults[0]!)).toContain('://***@')
  })
})

test.each([
  ['in PEM', '-----BEGIN PRIVATE KEY-----\\nMC4CAQAwBQYDK2VwBCIEIhunter2\\n-----END PRIVATE KEY-----\\n'],
  ['without the lines around it', 'MC4CAQAwBQYDK2VwBCIEIhunter2'],
])('a private key %s is not taken for a public one, and not repeated', (_, key) => {
  expect(linesOf(`${MINIMAL}ownership: { publicKey: "${key}" }\n`)).toEqual([
    'config.yaml:4:25 ownership.publicKey: "***": is a private key, which belongs into a file of its own (sync.signingKey); here must stand its public key',
  ])
})

test('a file that is no map is refused as a whole', () => {
  expect(linesOf('')).toEqual(['config.yaml:1:1: null: must be a map of keys to values'])
  expect(linesOf('just text')).toEqual(['config.yaml:1:1: "just text": must be a map of keys to values'])
})

test('a fault in the YAML is given with its place', () => {
  expect(linesOf('version: 1\n\tlisten: x\n')[0]).toBe(
    'config.yaml:2:1: must be indented with spaces; here is a tab',
  )
})

test('whatever the text is, the answer is a config or faults of one line each', () => {
  const keys = fc.constantFrom(
    'version',
    'upstreams',
    'stores',
    'id',
    'url',
    'at',
    'routing',
    'when',
    'prefer',
  )
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 5 },
      fc.constantFrom(1, true, null, 'https://a.example', 'dc/x', 'upstreams', `\${A}`, '__proto__'),
      fc.string(),
      fc.array(tie('tree'), { maxLength: 4 }),
      fc.dictionary(fc.oneof(keys, fc.string()), tie('tree'), { maxKeys: 6 }),
    ),
  }))
  const text = fc.oneof(
    fc.string(),
    tree.map((value) => JSON.stringify(value)),
    tree.map((value) => JSON.stringify({ version: 1, upstreams: [value], stores: value, routing: [value] })),
  )
  fc.assert(
    fc.property(text, (sample) => {
      const parsed = parseConfig(sample, OPTIONS)
      if ('config' in parsed) return
      expect(parsed.faults.length).toBeGreaterThan(0)
      for (const fault of parsed.faults) expect(formatFault(fault)).not.toContain('\n')
    }),
    { numRuns: 300 },
  )
})

test('of very many faults a hundred are told, and how many there are', () => {
  const keys = Array.from({ length: 20_000 }, (_, index) => `key${index}: 1\n`).join('')
  const parsed = parseConfig(
    `version: 1\nupstreams: [{ id: a, url: "https://a.example", at: anycast }]\n${keys}`,
    {
      environment: {},
      baseFolder: '/',
      fileName: 'portolan.yaml',
    },
  )
  if ('config' in parsed) throw new Error('unexpected')
  expect(parsed.faults.length).toBe(101)
  expect(parsed.faults[0]).toMatchObject({ path: 'key0', line: 3 })
  expect(parsed.faults.at(-1)!.message).toBe('has 19900 faults more; mend these first')
})

test('50,000 places are a config', () => {
  const places = Array.from({ length: 50_000 }, (_, index) => {
    return `    - { prefix: 10.${index >> 8}.${index & 255}.0/24, at: my/berlin }\n`
  })
  const text = `version: 1\nupstreams: [{ id: a, url: "https://a.example", at: anycast }]\nclouds:\n  places:\n${places.join('')}`
  const parsed = parseConfig(text, { environment: {}, baseFolder: '/', fileName: 'portolan.yaml' })
  expect('config' in parsed && parsed.config.clouds.places.length).toBe(50_000)
})
