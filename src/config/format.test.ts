import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Config } from './config.ts'
import { expandConfig, formatConfig } from './format.ts'
import { parseConfig } from './parse.ts'

function read(text: string): Config {
  const parsed = parseConfig(text, { environment: {}, baseFolder: '/base', fileName: 'x' })
  if ('faults' in parsed) throw new Error(JSON.stringify(parsed.faults))
  return parsed.config
}

const ODD = `
version: 1
listen: :80
admin: off
tls: { certificate: tls.crt, key: /run/tls.key, clientCA: ca.pem }
upstreams: [{ id: a, layout: "sub/$\${HOME} : #x", at: dc/x }]
stores: [{ id: on, url: https://s.example, at: anycast }]
routing: [{ when: { country: "NO" }, prefer: ["on", { split: { on: 0.5, stores: 1 } }], within: 20038km }]
policies: [{ share: 33.3 %, routing: [{ prefer: [stores], within: 1km }] }, { share: 66.7 %, routing: [] }]
clients: { trustedProxies: ["::1"] }
presence: { ttl: 90s }
`

const FILLED = `
version: 1
upstreams: [{ id: a, url: https://a.example, at: dc/x }]
stores:
  - { id: b, url: https://b.example, at: dc/x, proof: off, fill: { folder: "b/$\${HOME}" } }
  - { id: c, url: https://c.example, at: dc/x, inventory: true, fill: { s3: { bucket: ccc } } }
  - { id: d, url: https://d.example, at: dc/x, fill: { azureBlob: { account: ddd, container: ddd } } }
  - { id: e, url: https://e.example, at: dc/x, proof: c, fill: { gcs: { bucket: eee, prefix: e } } }
ownership: { publicKey: MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=, maxAge: 90d }
sync: { repositories: { list: [team/tool] }, tags: { latest: 3 } }
`

const OLD_NAME = `
version: 1
upstreams: [{ id: a, url: https://a.example, at: dc/x }]
legacy:
  host: old.example
  names: [eu.old.example]
  successor: http://new.example:5000
  frozen: 2026-04-03
  list: list.json
  off: off
  maxAge: 90m
  failures: { share: 0.5 % }
  phases:
    - { phase: announce, from: 2027-01-11T09:00:00+01:00 }
    - { phase: brownout, from: 2027-02-11T09:00:00Z, until: 2027-02-11T09:30:00Z, answer: denied, cohort: { share: 2.5 %, when: { cloud: aws, repository: ["a/**"] } } }
`

test.each([
  ['of odd values', ODD],
  ['with an old name', OLD_NAME],
  ['with stores that are filled', FILLED],
  [
    'of a real registry',
    readFileSync(new URL('../../examples/registry.k8s.io.yaml', import.meta.url), 'utf8'),
  ],
])('a config %s says the same when it is written out, as YAML and as JSON', (_, text) => {
  const config = read(text)
  expect(read(formatConfig(config))).toEqual(config)
  expect(read(JSON.stringify(expandConfig(config)))).toEqual(config)
})

test('values are written as a person would', () => {
  expect(expandConfig(read(ODD))).toMatchObject({
    listen: ':80',
    admin: 'off',
    upstreams: [{ layout: `/base/sub/$\${HOME} : #x`, canonical: true }],
    presence: { ttl: '90s', negativeTtl: '30s', timeout: '300ms', maxEntries: 1_000_000 },
  })
  expect(expandConfig(read(FILLED))).toMatchObject({
    stores: [
      { proof: 'off', fill: { folder: `/base/b/$\${HOME}` } },
      { proof: 'c', fill: { s3: { bucket: 'ccc', prefix: '' } } },
      { proof: 'd' },
      { proof: 'c' },
    ],
    ownership: { maxAge: '90d' },
    sync: { from: 'a', journal: '/base/portolan-sync', tags: { latest: 3 } },
  })
})
