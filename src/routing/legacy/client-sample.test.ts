import { expect, test } from 'vitest'
import { parseAddress } from '../../net/address.ts'
import { ClientSample } from './client-sample.ts'

const [ONE, NEIGHBOUR, OTHER] = ['198.51.100.1', '198.51.100.2', '203.0.113.1'].map(
  (text) => parseAddress(text)!,
)

test('a network counts once a minute, and once more when it fails', () => {
  const sample = new ClientSample()
  const seen = [
    sample.note(ONE, false, 0),
    sample.note(NEIGHBOUR, false, 1000),
    sample.note(NEIGHBOUR, true, 2000),
    sample.note(ONE, true, 3000),
    sample.note(ONE, false, 4000),
    sample.note(OTHER, true, 5000),
    sample.note(undefined, true, 6000),
    sample.note(ONE, false, 60_000),
  ]
  expect(seen.map(({ asked, failed }) => `${asked}/${failed}`)).toEqual([
    ...['1/0', '0/0', '0/1', '0/0', '0/0', '1/1', '0/0', '1/0'],
  ])
})

test('very many clients take no more memory', () => {
  const sample = new ClientSample()
  let asked = 0
  for (let index = 0; index < 100_000; index++) {
    const address = parseAddress(`${10 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}.1`)
    asked += sample.note(address, true, 0).asked
  }
  expect(asked).toBe(20_000)
})
