import { expect, test } from 'vitest'
import { expandConfig, formatConfig } from './format.ts'
import { loadConfig } from './load.ts'
import { parseConfig } from './parse.ts'

const PARSING = { environment: { HUB_PASSWORD: 'hunter2' }, baseFolder: '/etc/portolan', fileName: 'c.yaml' }

/** A mirror of one registry, with this login and these other keys. */
const mirror = (
  credentials: string,
  more = 'clients: { htpasswd: users }\n',
  where = 'url: "https://a.example"',
) =>
  `version: 1\ndelivery: relay\ncache: off\n${more}upstreams: [{ id: a, ${where}, at: dc/x, credentials: ${credentials} }]\n`

const AT = 'upstreams[0].credentials'

function faultsOf(text: string): string[] {
  const parsed = parseConfig(text, PARSING)
  expect(JSON.stringify(parsed)).not.toContain('hunter2')
  return 'faults' in parsed ? parsed.faults.map(({ path, message }) => `${path}: ${message}`) : []
}

test.each([
  [
    '{ username: jo, passwordFile: secret }',
    { kind: 'login', username: 'jo', passwordFile: '/etc/portolan/secret' },
  ],
  [
    '{ usernameFile: /run/user, passwordFile: /run/password }',
    { kind: 'login', usernameFile: '/run/user', passwordFile: '/run/password' },
  ],
  [
    '{ username: jo, passwordVariable: HUB_PASSWORD }',
    { kind: 'login', username: 'jo', passwordVariable: 'HUB_PASSWORD' },
  ],
  ['{ dockerConfig: config.json }', { kind: 'dockerConfig', file: '/etc/portolan/config.json' }],
  ['{ helper: pass }', { kind: 'helper', name: 'pass' }],
])('a login %s is read, and written as it was', (text, expected) => {
  const config = loadConfig(mirror(text), PARSING)
  expect(config.upstreams[0]!.credentials).toEqual(expected)
  expect(config.clients.htpasswd).toBe('/etc/portolan/users')
  expect(loadConfig(formatConfig(config))).toEqual(config)
  expect(JSON.stringify(expandConfig(config))).not.toContain('hunter2')
})

test.each([
  ['aws', 'https://123456789012.dkr.ecr.eu-west-3.amazonaws.com'],
  ['aws', 'https://123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com'],
  ['aws', 'https://123456789012.dkr-ecr.eu-west-3.on.aws'],
  ['azure', 'https://acme.azurecr.io'],
  ['gcp', 'https://europe-docker.pkg.dev/v'],
  ['gcp', 'https://eu.gcr.io'],
])('the identity of %s is shown to %s', (cloud, url) => {
  const config = loadConfig(mirror(`{ cloud: ${cloud} }`, undefined, `url: "${url}"`), PARSING)
  expect(config.upstreams[0]!.credentials).toEqual({ kind: 'cloud', cloud })
  expect(loadConfig(formatConfig(config))).toEqual(config)
})

test.each([
  ['aws', 'https://registry.example', 'ACCOUNT.dkr.ecr.REGION.amazonaws.com'],
  ['aws', 'http://123456789012.dkr.ecr.eu-west-3.amazonaws.com', 'ACCOUNT.dkr.ecr.REGION.amazonaws.com'],
  ['aws', 'https://1.dkr.ecr.eu-west-3.amazonaws.com.evil.example', 'ACCOUNT.dkr.ecr.REGION.amazonaws.com'],
  ['aws', 'https://public.ecr.aws', 'ACCOUNT.dkr.ecr.REGION.amazonaws.com'],
  ['azure', 'https://europe-docker.pkg.dev', 'NAME.azurecr.io'],
  ['gcp', 'https://pkg.dev.example', 'REGION-docker.pkg.dev or gcr.io'],
])('the identity of %s is not shown to %s', (cloud, url, named) => {
  expect(faultsOf(mirror(`{ cloud: ${cloud} }`, undefined, `url: "${url}"`))).toEqual([
    `${AT}.cloud: is for registries of that cloud alone, over https (${named}), and this is ${url}`,
  ])
})

test.each([
  ['{}', [`${AT}: needs one of username and password, dockerConfig, helper, cloud`]],
  ['{ username: jo }', [`${AT}: needs passwordFile or passwordVariable`]],
  ['{ passwordFile: x }', [`${AT}: needs username or usernameFile`]],
  [
    '{ username: jo, usernameFile: x, passwordFile: x, passwordVariable: X }',
    [
      `${AT}: has both username and usernameFile; keep one`,
      `${AT}: has both passwordFile and passwordVariable; keep one`,
    ],
  ],
  ['{ helper: pass, dockerConfig: x }', [`${AT}: has dockerConfig and helper; keep one`]],
  ['{ cloud: oracle }', [`${AT}.cloud: must be "aws", "azure" or "gcp"`]],
  [
    '{ helper: "../../bin/x" }',
    [`${AT}.helper: must be NAME of a program docker-credential-NAME, such as pass`],
  ],
  ['{ username: "jo:x", passwordFile: p }', [`${AT}.username: must be a user name without ":"`]],
  [
    '{ username: jo, password: hunter2 }',
    [
      expect.stringContaining(`${AT}.password: unknown key; the keys here are username,`),
      `${AT}: needs passwordFile or passwordVariable`,
    ],
  ],
  ['"jo:hunter2"', [`${AT}: must be a map of keys to values`]],
  [
    `{ username: jo, passwordVariable: "\${HUB_PASSWORD}" }`,
    [
      `${AT}.passwordVariable: is the name of the variable itself, without a dollar sign: a config holds no password`,
    ],
  ],
  [
    '{ username: jo, passwordVariable: hunter2! }',
    [`${AT}.passwordVariable: must be the name of an environment variable, such as HUB_PASSWORD`],
  ],
])('a login %s is refused, and none of it repeated', (text, lines) => {
  expect(faultsOf(mirror(text))).toEqual(expect.arrayContaining(lines))
  expect(faultsOf(mirror(text))).toHaveLength(lines.length)
})

const OPEN = `${AT}: would let everybody read what this login may: set clients.htpasswd or tls.clientCA to know clients, or say "public: true" at`
const TWO = `registries:
  - { host: b.example, upstreams: [b] }
  - { host: a.example, upstreams: [a]`
const SECOND = '{ id: b, url: "https://b.example", at: dc/x }, { id: a'

test.each([
  ['nothing else', '', [`${OPEN} clients to allow it`]],
  ['clients.public: false', 'clients: { public: false }\n', [`${OPEN} clients to allow it`]],
  ['clients.public', 'clients: { public: true }\n', []],
  ['htpasswd', 'clients: { htpasswd: users }\n', []],
  ['certificates of clients', 'tls: { certificate: a, key: b, clientCA: c }\n', []],
  ['TLS without them', 'tls: { certificate: a, key: b }\n', [`${OPEN} clients to allow it`]],
  ['its registry among others', `${TWO} }\n`, [`${OPEN.replace('[0]', '[1]')} registries[1] to allow it`]],
  ['its registry being public', `${TWO}, public: true }\n`, []],
  [
    'clients.public beside registries',
    `${TWO} }\nclients: { public: true }\n`,
    ['clients.public: stands at each of registries where there are some'],
  ],
])('a mirror with a login and %s', (_, more, lines) => {
  const text = mirror('{ helper: pass }', more)
  const whole = more.includes('registries') ? text.replace('{ id: a', SECOND) : text
  expect(faultsOf(whole)).toEqual(lines)
})

test('a door that redirects has neither logins nor users', () => {
  const text = mirror('{ helper: pass }').replace('delivery: relay\ncache: off\n', '')
  expect(faultsOf(text)).toEqual([
    'clients.htpasswd: is for a mirror alone: it needs delivery: relay; a door that redirects lets everybody in',
    `${AT}: is for a mirror alone, which needs delivery: relay: clients that are redirected ask the upstream as themselves`,
  ])
})

test('a folder asks for no login', () => {
  expect(faultsOf(mirror('{ helper: pass }', undefined, 'layout: ./images'))).toEqual([
    `${AT}: is for an upstream with url: a folder asks for no login`,
  ])
})

test('a mirror without a name keeps whether it is public', () => {
  const text =
    'version: 1\ndelivery: relay\ncache: off\nclients: { public: true }\nupstreams: [{ id: a, layout: ./x, at: dc/x }]\n'
  const config = loadConfig(text)
  expect(config.registries[0]).toMatchObject({ host: '', public: true })
  expect(loadConfig(formatConfig(config))).toEqual(config)
})
