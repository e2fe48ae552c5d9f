import { expect, it } from 'vitest'
import { reasonOf } from './reason.ts'

const refused = (address: string) => new Error(`connect ECONNREFUSED ${address}`)
const both = Object.assign(new AggregateError([refused('::1:80'), refused('127.0.0.1:80')], ''), {
  code: 'ECONNREFUSED',
})

it.each<[what: string, cause: unknown, reason: string]>([
  ['what the cause says', refused('127.0.0.1:80'), 'connect ECONNREFUSED 127.0.0.1:80'],
  ['of several addresses the last', both, 'connect ECONNREFUSED 127.0.0.1:80'],
  [
    "what the cause says, without Node's advice about itself",
    new Error(
      'self-signed certificate; if the root CA is installed locally, try running Node.js with --use-system-ca',
    ),
    'self-signed certificate',
  ],
  ['a code where there are no words', { message: '', code: 'UND_ERR' }, 'UND_ERR'],
  ['its own words where there is no cause', undefined, 'fetch failed'],
])('the reason of a failed fetch is %s', (_, cause, reason) => {
  expect(reasonOf(new TypeError('fetch failed', { cause }))).toBe(reason)
})
