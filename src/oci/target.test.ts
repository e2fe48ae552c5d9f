import { expect, it } from 'vitest'
import { parseTarget } from './target.ts'

it.each([
  ['/v2/', { path: '/v2/', query: '' }],
  ['/v2/a/tags/list?n=1&last=b', { path: '/v2/a/tags/list', query: '?n=1&last=b' }],
  ['/v2/a?x?y', { path: '/v2/a', query: '?x?y' }],
  ['/v2/a?', { path: '/v2/a', query: '?' }],
  ['http://registry.example/v2/a?n=1', { path: '/v2/a', query: '?n=1' }],
  ['HTTPS://registry.example:80', { path: '', query: '' }],
  ['*', { path: '*', query: '' }],
])('cuts %s into path and query', (target, expected) => {
  expect(parseTarget(target)).toEqual(expected)
})

it.each(['/v2/a?x=#y', '/v2/a?x=<script>', '/v2/a?x="', '/v2/a?\r\nSet-Cookie: a', '/v2/a?é', '/v2/a?a b'])(
  'refuses a query that could not stand in a Location: %j',
  (target) => {
    expect(parseTarget(target)).toMatchObject({ code: 'UNSUPPORTED' })
  },
)
