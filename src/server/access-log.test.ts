import { expect, test } from 'vitest'
import { storeAt } from '../../test/support/view.ts'
import { parseAddress } from '../net/address.ts'
import type { Decision } from '../routing/decide.ts'
import { silentLog } from '../telemetry/log.ts'
import { createAccessLog } from './access-log.ts'
import type { Exchange } from './door.ts'
import type { Sent } from './sent.ts'

function lineFor(
  addresses: 'off' | 'masked' | 'full',
  text: string,
  { decision, sent }: { decision?: Decision; sent?: Sent } = {},
): object {
  const lines: object[] = []
  const write = createAccessLog({ ...silentLog, info: (fields) => lines.push(fields) }, addresses)
  const exchange: Exchange = {
    id: () => 'door-7',
    request: { method: 'GET', target: '/v2/', peer: text, header: () => undefined },
    reply: { status: 200, headers: {} },
    client: { address: parseAddress(text), via: 'peer', located: undefined },
    oci: { kind: 'base' },
    decision,
    duration: 1,
  }
  write(exchange, sent)
  expect(lines).toHaveLength(1)
  // As it stands in the log, where what is undefined is left out.
  return JSON.parse(JSON.stringify(lines[0]))
}

test.each([
  ['masked', '203.0.113.77', '203.0.113.0/24'],
  ['masked', '2001:db8:1:2:3:4:5:6', '2001:db8:1::/48'],
  ['masked', '::ffff:203.0.113.77', '203.0.113.0/24'],
  ['full', '203.0.113.77', '203.0.113.77'],
  ['full', '2001:db8:1:2:3:4:5:6', '2001:db8:1:2:3:4:5:6'],
] as const)('with %s addresses, %s is written as %s', (addresses, text, written) => {
  expect(lineFor(addresses, text)).toMatchObject({ address: written })
})

test('nothing of an address is written when they are off', () => {
  expect(JSON.stringify(lineFor('off', '203.0.113.77'))).not.toContain('203.0')
})

test('a client without an address has none in its line', () => {
  expect(lineFor('full', '')).not.toHaveProperty('address')
})

test('a line names its request', () => {
  expect(lineFor('off', '')).toMatchObject({ id: 'door-7' })
})

test('a line says the policy of its client, where there are some', () => {
  const decision: Decision = { kind: 'answer', reason: 'version-check', passedOver: [] }
  expect(lineFor('off', '', { decision: { ...decision, policy: 'canary' } })).toMatchObject({
    policy: 'canary',
  })
  expect(lineFor('off', '', { decision })).not.toHaveProperty('policy')
})

test('a line says what the client was sent for, and how that is known', () => {
  const backend = storeAt('paris', { name: 'aws/eu-west-3' })
  const line = (sent: Partial<Sent>) =>
    lineFor('off', '', { sent: { backend, method: 'GET', bytes: 4096, known: 'listed', ...sent } })
  expect(line({})).toMatchObject({ bytes: 4096, bytesKnown: 'listed' })
  expect(line({ known: 'unknown', bytes: 0 })).toMatchObject({ bytes: 0, bytesKnown: 'unknown' })
  // A HEAD has no body, which is sure.
  const head = line({ method: 'HEAD', bytes: 0 })
  expect(head).toMatchObject({ bytes: 0 })
  expect(head).not.toHaveProperty('bytesKnown')
  expect(lineFor('off', '')).not.toHaveProperty('bytes')
})
