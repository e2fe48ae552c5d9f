import { expect, test } from 'vitest'
import { listedClouds } from '../clouds/listed-clouds.ts'
import { ITEMS_PER_STEP } from '../internal/steps.ts'
import { formatConfigPath, formatFault } from './fault.ts'
import { loadConfig } from './load.ts'
import { parseConfig } from './parse.ts'
import { warningsInSteps, warningsOf } from './warnings.ts'

const UPSTREAM = { id: 'a', url: 'https://a.example', at: 'gcp/us-central1' }
const RANGES = { clouds: { refresh: '12h' } }
const NOBODY =
  'matches nobody, since nothing says that a client is there: set clouds.snapshot and clouds.refresh, or clouds.places'
const PRIVATE =
  'is a private, loopback or link-local address, to which clients such as crane refuse to be redirected: give it a DNS name'

function warnings(parts: object, placesAreGiven?: boolean): string[] {
  const config = loadConfig({ version: 1, upstreams: [UPSTREAM], ...parts })
  return warningsOf(config, placesAreGiven).map(
    ({ path, message }) => `${formatConfigPath(path)}: ${message}`,
  )
}

const rules = (...whens: readonly object[]) => ({
  routing: whens.map((when) => ({ when, prefer: ['upstreams'] })),
})
const store = (url: string) => ({ stores: [{ id: 's', url, at: 'aws/eu-west-3' }] })
const TWO_STORES = {
  stores: [
    { id: 's', url: 'https://s.example', at: 'aws/eu-west-3' },
    { id: 't', url: 'https://t.example', at: 'anycast' },
  ],
}
const MIRROR = {
  ...{ delivery: 'relay', cache: 'off' },
  upstreams: [
    { ...UPSTREAM, canonical: true },
    { id: 'b', url: 'http://10.0.0.1:5000', at: 'dc/x' },
  ],
}
const registry = (host: string, ...upstreams: string[]) => ({ host, upstreams })
const LOGINS = { ...{ delivery: 'relay', cache: 'off' }, clients: { htpasswd: 'users' } }
const OPEN =
  'clients.htpasswd: has passwords go over the network as they are: set tls, or name in clients.trustedProxies the proxy that speaks it'
const EVERYBODY =
  'clouds: nothing says where clients are, so none is sent to the nearest backend: set clouds.snapshot and clouds.refresh, or clouds.places'
const unlisted = (cloud: string) =>
  `routing[0].when: no client is ever in ${cloud}: it is in no list and not in clouds.places; those in lists are ${listedClouds.join(', ')}`
const covered = (index: number, before: number) =>
  `routing[${index}].when: matches nobody, since routing[${before}] before it matches all whom this one does`

test.each<[string, object, string[]]>([
  [
    'TLS for an admin service that is off',
    { admin: 'off', adminTls: { certificate: 'a', key: 'b' } },
    ['adminTls: is for nobody, since admin is off'],
  ],
  ['passwords of clients without TLS', LOGINS, [OPEN]],
  ['passwords of clients over TLS', { ...LOGINS, tls: { certificate: 'a', key: 'b' } }, []],
  ['passwords of clients on loopback', { ...LOGINS, listen: '127.0.0.1:8080' }, []],
  [
    'passwords of clients of a proxy',
    { ...LOGINS, clients: { ...LOGINS.clients, trustedProxies: ['10.0.0.0/8'] } },
    [],
  ],
  [
    'passwords of nobody',
    { ...LOGINS, registries: [{ ...registry('a.example', 'a'), public: true }] },
    ['clients.htpasswd: asks nobody, since every registry is public'],
  ],
  [
    'a login over http',
    {
      ...{ ...LOGINS, listen: '[::1]:8080' },
      upstreams: [{ ...UPSTREAM, url: 'http://a.example', credentials: { helper: 'pass' } }],
    },
    ['upstreams[0].credentials: has the login go over the network as it is: the upstream is asked over http'],
  ],
  [
    'a login over http on loopback, or over https',
    {
      ...{ ...LOGINS, listen: '[::1]:8080' },
      upstreams: [
        { ...UPSTREAM, canonical: true, url: 'http://localhost:5000', credentials: { helper: 'pass' } },
        { ...UPSTREAM, id: 'b', credentials: { helper: 'pass' } },
      ],
    },
    [],
  ],
  ['a cloud, and nothing says who is in it', rules({ cloud: 'aws' }), [`routing[0].when: ${NOBODY}`]],
  ['a country', rules({ country: 'FR' }), [`routing[0].when: ${NOBODY}`]],
  ['a snapshot says it', { ...rules({ cloud: 'aws' }), clouds: { snapshot: 'ranges.bin' } }, []],
  ['the lists are fetched', { ...rules({ cloud: 'aws' }), ...RANGES }, []],
  [
    'the config itself knows such clients, and no others',
    {
      ...rules({ cloud: 'aws' }, { cloud: 'gcp' }),
      clouds: { places: [{ prefix: '192.0.2.0/24', at: 'aws/eu-west-3' }] },
    },
    [`routing[1].when: ${NOBODY}`],
  ],
  ['a rule without conditions needs nothing', rules({}), []],
  ['stores in two places, and nothing says which is near', TWO_STORES, [EVERYBODY]],
  [
    'a mirror of two registries, which are never each other, in private networks',
    { ...MIRROR, registries: [registry('a.example', 'a'), registry('b.example', 'b')] },
    [],
  ],
  [
    'a mirror of one that is in two places',
    { ...MIRROR, registries: [registry('a.example', 'a', 'b')] },
    [EVERYBODY],
  ],
  [
    'upstreams in two places',
    { upstreams: [UPSTREAM, { ...UPSTREAM, id: 'b', at: 'gcp/europe-west1', canonical: true }] },
    [EVERYBODY],
  ],
  ['stores in two places, and the lists are fetched', { ...TWO_STORES, ...RANGES }, []],
  ['stores in two places, of which a rule says the order', { ...TWO_STORES, ...rules({}) }, []],
  [
    'stores in two places, and the config knows clients',
    { ...TWO_STORES, clouds: { places: [{ prefix: '192.0.2.0/24', at: 'aws/eu-west-3' }] } },
    [],
  ],
  ['one store needs no choice', store('https://s.example'), []],
  ['a cloud by a name that no list has', { ...rules({ cloud: 'google' }), ...RANGES }, [unlisted('google')]],
  [
    'one such cloud beside others',
    { ...rules({ cloud: ['aws', 'amazon'] }), clouds: { snapshot: 'ranges.bin' } },
    [unlisted('amazon')],
  ],
  ['a cloud of whose networks it is known who has them', { ...rules({ cloud: 'hetzner' }), ...RANGES }, []],
  [
    "a cloud of one's own",
    {
      ...rules({ cloud: 'cellar' }),
      clouds: { refresh: '12h', places: [{ prefix: '192.0.2.0/24', at: 'cellar/left' }] },
    },
    [],
  ],
  [
    'what is no country',
    { ...rules({ country: ['FR', 'UK'] }), ...RANGES },
    ['routing[0].when: no client is ever in UK: it is no country of ISO 3166-1'],
  ],
  [
    'a rule within one before it',
    { ...rules({ cloud: 'aws' }, { cloud: 'aws', country: 'FR' }), ...RANGES },
    [covered(1, 0)],
  ],
  [
    'a part of a list',
    { ...rules({ country: ['FR', 'BE'] }, { cloud: 'gcp' }, { cloud: 'aws', country: ['BE'] }), ...RANGES },
    [covered(2, 0)],
  ],
  ['rules that overlap', { ...rules({ country: ['FR', 'BE'] }, { country: ['BE', 'NL'] }), ...RANGES }, []],
  ['a wider rule after it', { ...rules({ cloud: 'aws', country: 'FR' }, { cloud: 'aws' }), ...RANGES }, []],
  [
    'a region in another country',
    { ...rules({ cloud: 'aws', region: 'eu-west-3', country: ['DE', 'BE'] }), ...RANGES },
    ['routing[0].when: matches nobody, since these regions are in FR'],
  ],
  ['a region in its country', { ...rules({ region: 'eu-west-3', country: 'FR' }), ...RANGES }, []],
  [
    'a region with a local zone in that country',
    { ...rules({ region: 'us-east-1', country: 'PE' }), ...RANGES },
    [],
  ],
  ['a DNS name', store('https://s.example'), []],
  ['a public address', store('https://8.8.8.8'), []],
  ...[
    'localhost.',
    'door.localhost',
    '10.1.2.3',
    '172.16.0.1',
    '192.168.1.1:8443',
    '169.254.1.1',
    '127.0.0.1',
    '[::1]',
    '[fe80::1]',
    '[fd00::1]:80',
    '[::ffff:10.0.0.1]',
  ].map((host): [string, object, string[]] => [
    host,
    store(`https://${host}/x`),
    [`stores[0].url: ${PRIVATE}`],
  ]),
  ['an upstream', { upstreams: [{ ...UPSTREAM, url: 'http://10.0.0.1' }] }, [`upstreams[0].url: ${PRIVATE}`]],
  ['loopback, for a door on loopback', { ...store('http://127.0.0.1'), listen: '127.0.0.1:0' }, []],
  [
    'another private address, for a door on loopback',
    { ...store('http://10.0.0.1'), listen: 'localhost:0' },
    [`stores[0].url: ${PRIVATE}`],
  ],
])('%s', (_, parts, expected) => {
  expect(warnings(parts)).toEqual(expected)
})

test('a runtime that knows the places of clients needs no list', () => {
  expect(warnings(rules({ cloud: 'aws' }), true)).toEqual([])
})

test('a warning names its place in the file, like a fault', () => {
  const text = `version: 1
upstreams: [{ id: a, url: "https://a.example", at: dc/x }]
routing:
  - { when: { cloud: aws }, prefer: [a] }
`
  const parsed = parseConfig(text, { environment: {}, baseFolder: '/', fileName: 'portolan.yaml' })
  expect('warnings' in parsed && parsed.warnings.map(formatFault)).toEqual([
    `portolan.yaml:4:13 routing[0].when: ${NOBODY}`,
  ])
})

test('many places, each by a name of its own, are looked at in steps', () => {
  const places = Array.from({ length: 3 * ITEMS_PER_STEP }, (_, index) => ({
    prefix: `10.${index >> 8}.${index & 255}.0/24`,
    at: `my/region-${index}`,
  }))
  const config = loadConfig({
    version: 1,
    upstreams: [UPSTREAM],
    ...rules({ cloud: 'aws' }),
    clouds: { places },
  })
  const steps = warningsInSteps(config, false)
  let count = 0
  let last = steps.next()
  for (; !last.done; last = steps.next()) count++
  expect(count).toBe(3)
  expect(last.value).toEqual(warningsOf(config))
})

const WEST = { container: 'images', endpoint: 'http://azure.example/acc' }
const CLEAR = 'takes what lets us in to it in the clear, for all on the way to read: give it an https URL'

test.each([
  [
    { gcs: { bucket: 'images', endpoint: 'http://gcs.example', credentials: { key: { variable: 'K' } } } },
    'gcs',
  ],
  [{ azureBlob: { ...WEST, credentials: { sas: { variable: 'S' } } } }, 'azureBlob'],
  [{ azureBlob: { ...WEST, credentials: { sharedKey: { variable: 'K' } } } }, undefined],
  [{ gcs: { bucket: 'images', endpoint: 'http://gcs.example' } }, undefined],
  [
    { gcs: { bucket: 'images', endpoint: 'http://127.0.0.1:1', credentials: { key: { variable: 'K' } } } },
    undefined,
  ],
  [{ s3: { bucket: 'images', endpoint: 'http://s3.example' } }, undefined],
])('a secret that would go in the clear is warned of: %j', (fill, kind) => {
  const stores = [{ id: 's', url: 'https://s.example', at: 'gcp/us-central1', fill }]
  const found = warnings({ stores }).filter((line) => line.includes('.fill.'))
  expect(found).toEqual(kind === undefined ? [] : [`stores[0].fill.${kind}.endpoint: ${CLEAR}`])
})
