import { expect, it } from 'vitest'
import { compilePattern } from './pattern.ts'
import { wordings } from './shapes.ts'

it('finds a message, and what stands in its places', () => {
  const pattern = compilePattern('lookup {host} on {server}: no such host')
  const line =
    'dial tcp: lookup a.example on 10.0.0.1:53: no such host; lookup b on [fe80::1%eth0]:53: no such host'
  expect(pattern.find(line).map(({ found }) => found)).toEqual([
    { host: 'a.example', server: '10.0.0.1:53' },
    { host: 'b', server: '[fe80::1%eth0]:53' },
  ])
  expect(pattern.find('lookup a b on 10.0.0.1:53: no such host')).toEqual([])
})

it.each([
  ['{host}: EOF', 'a shape begins with a word of three letters or more: {host}: EOF'],
  ['lookup {hots}: no such host', '{hots} is no placeholder: lookup {hots}: no such host'],
])('refuses %s', (text, message) => {
  expect(() => compilePattern(text)).toThrow(new RangeError(message))
})

it('the same wording stands in the table once', () => {
  const all = wordings().map(({ says }) => says)
  expect(all.filter((says, index) => all.indexOf(says) !== index)).toEqual([])
})
