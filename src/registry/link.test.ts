import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nextLink } from './link.ts'

describe('the link to the next page', () => {
  it.each([
    ['', undefined],
    ['</v2/a/tags/list?last=b>; rel="next"', '/v2/a/tags/list?last=b'],
    ['<https://r.test/x?n=1,2;3>; rel=next', 'https://r.test/x?n=1,2;3'],
    ['<a>; rel="prev", <b>; title="x, <c>; rel=next"; REL="last Next"', 'b'],
    [' ,, <a> ; rel = "next" ', 'a'],
    ['<a>; rel="prev"; rel="next"', undefined],
    ['<a>; rel', undefined],
    ['<a>; ; rel=next', 'a'],
    ['<a>', undefined],
    ['a; rel="next"', undefined],
    ['<a>; rel="nextish"', undefined],
    ['<a; rel="next"', undefined],
  ])('of %j is %j', (header, target) => {
    expect(nextLink(header)).toBe(target)
  })

  it('is looked for in anything', () => {
    const part = fc.oneof(fc.string(), fc.constantFrom('<', '>', ';', 'rel=', '"', 'next', ','))
    fc.assert(fc.property(fc.array(part), (parts) => void nextLink(parts.join(''))))
  })
})
