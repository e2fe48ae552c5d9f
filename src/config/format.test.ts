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
upstreams: [{ id: a, layout: "sub/$\${HOME} : #x", at: dc/x }]
stores: [{ id: on, url: https://s.example, at: anycast }]
routing: [{ when: { country: "NO" }, prefer: ["on"] }]
clients: { trustedProxies: ["::1"] }
presence: { ttl: 90s }
`

test.each([
  ['of odd values', ODD],
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
})
