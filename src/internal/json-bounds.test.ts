import { assert, json, property } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkJsonBounds, JsonBoundsError } from './json-bounds.ts'

const bytesOf = (text: string) => new TextEncoder().encode(text)

/** How many values a JSON value is, itself and all in it, as the bounds count: an empty list or object counts twice. */
function countValues(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1
  const items = Object.values(value)
  return items.length === 0 ? 2 : 1 + items.reduce((sum: number, item) => sum + countValues(item), 0)
}

describe('JSON', () => {
  it('that holds as many values as it may passes, and with one more does not, whatever stands in its strings', () => {
    assert(
      property(json(), (text) => {
        const values = countValues(JSON.parse(text))
        checkJsonBounds(bytesOf(text), { values, depth: 1000 })
        expect(() => checkJsonBounds(bytesOf(text), { values: values - 1, depth: 1000 })).toThrow('values')
      }),
    )
  })

  it.each([
    ['"[[[[[[{{{{,,,,"', 1],
    ['["\\"[[[[,,,\\\\",1]', 3],
    ['[1,[2],{"a":3}]', 6],
  ])('%s counts what is not in a string', (text, values) => {
    checkJsonBounds(bytesOf(text), { values, depth: 2 })
    expect(() => checkJsonBounds(bytesOf(text), { values: values - 1, depth: 2 })).toThrow('values')
  })

  it.each([
    ['nests too deep', '['.repeat(65), /^it nests deeper than 64$/],
    ['nests too deep in objects', '{"a":'.repeat(65), /^it nests deeper than 64$/],
    ['holds too much', `[${'{},'.repeat(1000)}{}]`, /^it holds more than 1000 values$/],
  ])('that %s is refused', (_, text, message) => {
    expect(() => checkJsonBounds(bytesOf(text), { values: 1000 })).toThrow(message)
    expect(() => checkJsonBounds(bytesOf(text), { values: 1000 })).toThrow(JsonBoundsError)
  })
})
