import { expect, it } from 'vitest'
import { readStatement } from './read-statement.ts'
import { type EndpointsStatement, formatStatement } from './statement.ts'

const DOOR = {
  ...{ host: 'registry.example', port: 443, why: ['the registry itself'] },
  ...{ announced: '2026-11-01', serial: 1, from: '2026-11-01' },
}
const STATEMENT: EndpointsStatement = {
  ...{
    version: 1,
    registry: 'registry.example',
    serial: 3,
    issued: '2026-12-01',
    since: '2026-11-01',
    notice: 14,
  },
  endpoints: [DOOR],
}
const withEndpoint = (endpoint: object) => ({ ...STATEMENT, endpoints: [{ ...DOOR, ...endpoint }] })

it('what is written is read again', () => {
  expect(readStatement(formatStatement(STATEMENT))).toEqual(STATEMENT)
})

it.each<[what: string, statement: unknown, fault: RegExp]>([
  ['no JSON', '{"version"', /^is no JSON/],
  ['too long a text', ' '.repeat(1024 * 1024 + 1), /longer than 1048576 bytes/],
  ['another version', { ...STATEMENT, version: 2 }, /^version: /],
  ['an unknown key', { ...STATEMENT, hosts: [] }, /"hosts"/],
  ['a serial of 0', { ...STATEMENT, serial: 0 }, /^serial: /],
  ['no endpoint', { ...STATEMENT, endpoints: [] }, /^endpoints: /],
  ['a host with a path', withEndpoint({ host: 'a.example/x' }), /^endpoints\.0\.host: must be the name/],
  ['a host in upper case', withEndpoint({ host: 'A.example' }), /^endpoints\.0\.host: must be the name/],
  ['port 0', withEndpoint({ port: 0 }), /^endpoints\.0\.port: /],
  ['a day that no month has', withEndpoint({ from: '2026-02-30' }), /^endpoints\.0\.from: must be a day/],
  [
    'a moment for a day',
    withEndpoint({ from: '2026-12-01T00:00:00Z' }),
    /^endpoints\.0\.from: must be a day/,
  ],
  ['a host twice', { ...STATEMENT, endpoints: [DOOR, DOOR] }, /^endpoints\.1 .*: stands twice$/],
  ['an end before the beginning', withEndpoint({ until: '2026-10-01' }), /until must not come before from/],
  [
    'an announcement in the future',
    withEndpoint({ announced: '2026-12-02' }),
    /announced must not come after issued/,
  ],
  [
    'a host from before the first list',
    withEndpoint({ announced: '2026-10-01' }),
    /must not come before since/,
  ],
  [
    'a host that gets clients before its notice is over',
    withEndpoint({ announced: '2026-12-01', serial: 3, from: '2026-12-14' }),
    /from must be 2026-12-15 or later/,
  ],
])('%s is a fault', (_, statement, fault) => {
  const text = typeof statement === 'string' ? statement : JSON.stringify(statement)
  const read = readStatement(text)
  expect('faults' in read && read.faults.join('\n')).toMatch(fault)
})

it('an emergency needs no notice, and an address can be a host', () => {
  const emergency = {
    announced: '2026-12-01',
    serial: 3,
    from: '2026-12-01',
    emergency: 'the bucket in Paris is lost',
  }
  for (const host of ['a.example', '192.0.2.1', '[2001:db8::1]']) {
    expect(readStatement(JSON.stringify(withEndpoint({ ...emergency, host })))).not.toHaveProperty('faults')
  }
})
