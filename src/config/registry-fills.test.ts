import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { expandConfig, formatConfig } from './format.ts'
import { loadConfig } from './load.ts'
import { parseConfig } from './parse.ts'

const PARSING = { environment: { TOKEN: 'hunter2' }, baseFolder: '/etc/portolan', fileName: 'c.yaml' }

/** A door of a canonical upstream and this other one. */
const door = (west: string, more = '') =>
  `version: 1
${more}upstreams:
  - { id: main, url: "https://main.example", prefix: images, at: dc/x, canonical: true }
  - { id: west, at: dc/y, ${west} }
`

function linesOf(text: string): string[] {
  const parsed = parseConfig(text, PARSING)
  expect(JSON.stringify(parsed)).not.toContain('hunter2')
  const lines = 'faults' in parsed ? parsed.faults : parsed.warnings
  return lines.map(({ path, message }) => `${path}: ${message}`)
}

const AT = 'url: "https://west.example", prefix: mirror'

test.each<[what: string, registry: string, fill: object]>([
  ['its own address', '{}', { url: 'https://west.example', prefix: 'mirror' }],
  ['another prefix', '{ prefix: other }', { url: 'https://west.example', prefix: 'other' }],
  [
    'another address, where its prefix is not that of the upstream',
    '{ url: "https://push.example" }',
    { url: 'https://push.example', prefix: '' },
  ],
  [
    'a login of its own',
    '{ credentials: { username: bot, passwordFile: secret } }',
    {
      ...{ url: 'https://west.example', prefix: 'mirror' },
      credentials: { kind: 'login', username: 'bot', passwordFile: '/etc/portolan/secret' },
    },
  ],
])('an upstream is filled at %s, and written as it was', (_, registry, fill) => {
  const config = loadConfig(door(`${AT}, fill: { registry: ${registry} }`), PARSING)
  expect(config.upstreams[1]!.fill).toEqual({ kind: 'registry', ...fill })
  expect(loadConfig(formatConfig(config), PARSING)).toEqual(config)
  expect(JSON.stringify(expandConfig(config))).toContain('"fill":{"registry":')
})

test.each<[what: string, config: string, line: RegExp]>([
  ['nothing', door(`${AT}, fill: {}`), /^upstreams\[1\]\.fill\.registry: is required/],
  ['a layout', door('layout: images, fill: { registry: {} }'), /fill: is for an upstream with url: a layout/],
  ['a bundle', door('bundle: parts, fill: { registry: {} }'), /fill: is for an upstream with url: a bundle/],
  [
    'what is copied from',
    door(`${AT}, fill: { registry: {} }`, 'sync: { from: west }\n'),
    /fill: would fill west from itself/,
  ],
  [
    'the place that is copied from',
    door(`${AT}, fill: { registry: { url: "https://MAIN.example:443/", prefix: images } }`),
    /fill\.registry: is, lies in or is around main/,
  ],
  [
    'a prefix in what is copied from',
    door(`${AT}, fill: { registry: { url: "https://main.example", prefix: images/west } }`),
    /fill\.registry: is, lies in or is around main/,
  ],
  [
    'what is around what is copied from',
    door(`${AT}, fill: { registry: { url: "https://main.example" } }`),
    /fill\.registry: is, lies in or is around main/,
  ],
  [
    'one place twice',
    door(
      `${AT}, fill: { registry: {} } }\n  - { id: east, at: dc/z, url: "https://west.example", prefix: mirror/east, fill: { registry: {} }`,
    ),
    /^upstreams\[2\]\.fill\.registry: is, lies in or is around what upstreams\[1\] is filled at/,
  ],
  [
    'two ways to a login',
    door(`${AT}, fill: { registry: { credentials: { helper: pass, cloud: aws } } }`),
    /fill\.registry\.credentials: has helper and cloud; keep one/,
  ],
  [
    "a cloud's login for another registry",
    door(`${AT}, fill: { registry: { credentials: { cloud: aws } } }`),
    /fill\.registry\.credentials\.cloud: is for registries of that cloud alone/,
  ],
  [
    'a password in place of its variable',
    door(`${AT}, fill: { registry: { credentials: { username: bot, passwordVariable: "\${TOKEN}" } } }`),
    /fill\.registry\.credentials\.passwordVariable: is the name of the variable itself/,
  ],
  [
    'a login that can be read on its way',
    door(
      `url: "http://west.example", fill: { registry: { credentials: { username: bot, passwordFile: secret } } }`,
    ),
    /fill\.registry\.credentials: has the login go over the network as it is/,
  ],
  [
    'an upstream of another registry',
    door(
      `${AT}, fill: { registry: {} }`,
      'delivery: relay\ncache: off\nregistries:\n  - { host: main.example, upstreams: [main] }\n  - { host: west.example, upstreams: [west] }\n',
    ),
    /fill: would bring the content of main to an upstream of west\.example/,
  ],
])('a fill with %s is told', (_, config, line) => {
  expect(linesOf(config)).toContainEqual(expect.stringMatching(line))
})

test('two prefixes side by side may be filled at one registry, the one that is copied from too', () => {
  const beside = door(
    `url: "https://main.example", prefix: images-west, fill: { registry: {} } }\n  - { id: east, at: dc/z, url: "https://main.example", prefix: east, fill: { registry: {} }`,
  )
  expect(linesOf(beside).filter((line) => line.includes('fill'))).toEqual([])
})

test('examples/sync-registries.yaml has no fault and no warning', () => {
  const text = readFileSync(new URL('../../examples/sync-registries.yaml', import.meta.url), 'utf8')
  expect(linesOf(text)).toEqual([])
})
