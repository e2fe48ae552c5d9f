import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseChallenges } from './challenge.ts'

/** As plain data, for tables. */
const read = (header: string) =>
  parseChallenges(header).map(({ scheme, parameters, token68 }) => [
    scheme,
    token68 ?? Object.fromEntries(parameters),
  ])

describe('challenges', () => {
  it.each<[string, unknown]>([
    ['', []],
    ['Basic', [['basic', {}]]],
    ['Basic realm="registry"', [['basic', { realm: 'registry' }]]],
    [
      'Bearer realm="https://auth.test/token",service="registry.test",scope="repository:a/b:pull,push"',
      [
        [
          'bearer',
          { realm: 'https://auth.test/token', service: 'registry.test', scope: 'repository:a/b:pull,push' },
        ],
      ],
    ],
    [
      'Basic realm="a", Bearer realm="b", service="c"',
      [
        ['basic', { realm: 'a' }],
        ['bearer', { realm: 'b', service: 'c' }],
      ],
    ],
    [
      'Negotiate YWJj==, Basic realm=x',
      [
        ['negotiate', 'YWJj=='],
        ['basic', { realm: 'x' }],
      ],
    ],
    [
      'Negotiate, Basic realm="x"',
      [
        ['negotiate', {}],
        ['basic', { realm: 'x' }],
      ],
    ],
    // RFC 9110, 11.6.1: its own example, with an empty element and a scheme in a quoted string.
    [
      'Basic realm="simple", , Newauth realm="apps", type=1, title="Login to \\"apps, Basic x\\""',
      [
        ['basic', { realm: 'simple' }],
        ['newauth', { realm: 'apps', type: '1', title: 'Login to "apps, Basic x"' }],
      ],
    ],
    ['BEARER Realm = "x"', [['bearer', { realm: 'x' }]]],
    ['Bearer realm="a", REALM="b"', [['bearer', { realm: 'a' }]]],
    ['Bearer realm=https://auth.test/token', [['bearer', { realm: 'https://auth.test/token' }]]],
    ['Bearer realm="",error="x\\\\"', [['bearer', { realm: '', error: 'x\\' }]]],
    // What is broken ends the reading.
    ['realm="x"', []],
    ['Basic realm="x', [['basic', {}]]],
    ['Basic realm="a", "b", Bearer realm="c"', [['basic', { realm: 'a' }]]],
    ['\u00e9', []],
  ])('%j', (header, challenges) => {
    expect(read(header)).toEqual(challenges)
  })

  const token = fc.stringMatching(/^[a-z][a-z0-9_.+-]{0,10}$/)
  const parameters = fc.dictionary(token, fc.string({ unit: 'grapheme-ascii' }), { minKeys: 1, maxKeys: 4 })

  it('are read as they were written', () => {
    const quote = (text: string) => `"${text.replace(/["\\]/g, '\\$&')}"`
    fc.assert(
      fc.property(fc.array(fc.tuple(token, parameters), { maxLength: 5 }), (challenges) => {
        const header = challenges
          .map(([scheme, named]) => {
            const list = Object.entries(named).map(([name, value]) => `${name}=${quote(value)}`)
            return `${scheme} ${list.join(', ')}`
          })
          .join(', ')
        expect(read(header)).toEqual(challenges.map(([scheme, named]) => [scheme, { ...named }]))
      }),
    )
  })

  it('are read of anything', () => {
    const part = fc.oneof(fc.string(), fc.constantFrom('Basic', 'Bearer ', 'a=', '"', '\\', ',', '=', ' '))
    fc.assert(fc.property(fc.array(part), (parts) => Array.isArray(parseChallenges(parts.join('')))))
  })

  it.each(['"', ',', ' ', 'a', '\\', 'a=,', 'a ', 'a="', 'a=b '])('of very many %j are read too', (part) => {
    expect(parseChallenges(`Bearer ${part.repeat(100_000)}`).length).toBeGreaterThan(0)
  })
})
