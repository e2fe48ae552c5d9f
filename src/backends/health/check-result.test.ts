import { expect, it } from 'vitest'
import { failureOf } from './check-result.ts'

const refused = (address: string) =>
  Object.assign(new Error(`connect ECONNREFUSED ${address}`), { code: 'ECONNREFUSED' })
const both = Object.assign(new AggregateError([refused('::1:80'), refused('127.0.0.1:80')], ''), {
  code: 'ECONNREFUSED',
})

it.each([
  ['one address', refused('127.0.0.1:80'), 'connect ECONNREFUSED 127.0.0.1:80'],
  ['a name of two', both, 'connect ECONNREFUSED 127.0.0.1:80'],
  ['words without the code', Object.assign(new Error('no'), { code: 'ENOTFOUND' }), 'ENOTFOUND: no'],
])('a connection that is refused is said once, %s', (_, cause, why) => {
  expect(failureOf(new TypeError('fetch failed', { cause }))).toMatchObject({ why })
})

it.each([
  ['EMFILE', true],
  ['ENFILE', true],
  ['ENOBUFS', true],
  ['ECONNREFUSED', undefined],
])('what fails since we have run out of something is our fault: %s', (code, ofUs) => {
  const cause = Object.assign(new Error('connect'), { code })
  expect(failureOf(new TypeError('fetch failed', { cause }))).toMatchObject({ kind: 'failed', hard: false })
  expect(failureOf(new TypeError('fetch failed', { cause }))).toEqual(
    expect.objectContaining(ofUs ? { ofUs } : { why: 'ECONNREFUSED: connect' }),
  )
})
