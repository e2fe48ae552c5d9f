import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { enoughPrefixes, listFormats, toBytes } from '../../test/support/provider-lists.ts'
import { PortolanError } from '../errors.ts'
import { formatPrefix, type parsePrefix } from '../net/prefix.ts'
import { providers } from './providers.ts'

test('every provider is covered here, and none is there twice', () => {
  expect(listFormats.map(({ provider }) => provider)).toEqual(providers)
  expect(new Set(providers.map(({ id }) => id)).size).toBe(providers.length)
  expect(new Set(providers.map(({ fileName }) => fileName)).size).toBe(providers.length)
})

describe.each(listFormats)('$provider.id', ({ provider, place, date, write, path }) => {
  const prefixes = enoughPrefixes(provider)

  test('reads every prefix of a list, each once, with its place, and the date', () => {
    const { entries, date: stated } = provider.parse(toBytes(write([...prefixes, ...prefixes.slice(0, 9)])))
    expect(stated).toBe(date)
    expect(entries.map(({ prefix }) => formatPrefix(prefix)).sort()).toEqual([...prefixes].sort())
    expect(new Set(entries.map((entry) => entry.place))).toEqual(new Set([place]))
  })

  test.each([
    ['0.0.0.0/0', 'broader than /8'],
    ['4.0.0.0/7', 'broader than /8'],
    ['2000::/15', 'broader than /16'],
    ['5.9.0.1/24', 'bits are set below its length'],
    ['5.9.0.0/33', 'expected a length'],
    ['5.9.0/24', 'is not a prefix'],
  ])('refuses a list with %s', (bad, reason) => {
    expect(refusalOf(write([bad, ...prefixes]))).toMatchObject({
      code: 'CONTENT_INVALID',
      message: expect.stringContaining(reason),
      facts: {
        provider: provider.id,
        value: JSON.stringify(bad),
        path: expect.stringMatching(/^(\$\.|line 1$)/),
      },
    })
  })

  test('names the JSON path, or the line, of what it refuses', () => {
    expect(refusalOf(write(['5.9.0.0/33', ...prefixes])).message).toContain(`at ${path(0)}, "5.9.0.0/33": `)
  })

  test.each([
    '',
    ' \n',
    '{"',
    'null',
    '[]',
    '{}',
    '"5.0.0.0/24"',
    '<!DOCTYPE html><p>Sign in to this network</p>',
  ])('refuses %j', (text) => {
    expect(refusalOf(text)).toMatchObject({ code: 'CONTENT_INVALID', facts: { provider: provider.id } })
  })

  test('says so when a page came instead of a list', () => {
    expect(refusalOf('<html>').message).toContain('a web page instead of a list')
  })

  test('refuses a list that is cut short, though all of it is right', () => {
    expect(refusalOf(write(prefixes.slice(0, -1))).message).toContain(
      `"${prefixes.length - 1} prefixes": fewer than the ${prefixes.length} that a whole list has`,
    )
  })

  test('refuses too many bytes before it reads them', () => {
    const bytes = new Uint8Array(provider.maxBytes + 1)
    expect(() => provider.parse(bytes)).toThrow(`larger than the ${provider.maxBytes} bytes allowed`)
  })

  test('refuses bytes that are no text', () => {
    expect(() => provider.parse(Uint8Array.of(0x7b, 0xff, 0xfe))).toThrow('not UTF-8')
  })

  test('refuses in words whatever else comes', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json()), (text) => {
        expect(refusalOf(text).code).toBe('CONTENT_INVALID')
      }),
    )
  })

  function refusalOf(text: string): PortolanError {
    try {
      provider.parse(toBytes(text))
    } catch (error) {
      if (error instanceof PortolanError) return error
      throw error
    }
    throw new Error('the list was taken')
  }
})

const strict = listFormats.filter(({ provider }) => provider.dropsSpecial !== true)
test.each(strict)('$provider.id is refused with addresses that are nobody’s', ({ provider, write }) => {
  for (const special of [
    '10.0.0.0/8',
    '127.0.0.1/32',
    '192.168.3.0/24',
    '224.0.0.0/8',
    'fd00::/32',
    '2002::/16',
  ]) {
    const list = toBytes(write([...enoughPrefixes(provider), special]))
    expect(() => provider.parse(list)).toThrow('not addresses of the public internet')
  }
})

test.each(listFormats)(
  '$provider.id: a list is read in the same way whatever order its rows have',
  ({ provider, write }) => {
    const prefixes = enoughPrefixes(provider)
    const forth = provider.parse(toBytes(write(prefixes))).entries
    const back = provider.parse(toBytes(write([...prefixes].reverse()))).entries
    const key = ({ prefix }: { prefix: ReturnType<typeof parsePrefix> }) => formatPrefix(prefix)
    expect(back.map(key).sort()).toEqual(forth.map(key).sort())
  },
)
