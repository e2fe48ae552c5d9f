import { expect, test } from 'vitest'
import { parseAddress } from '../../net/address.ts'
import { ClientSample } from './client-sample.ts'

const [ONE, NEIGHBOUR, OTHER] = ['198.51.100.1', '198.51.100.2', '203.0.113.1'].map(
  (text) => parseAddress(text)!,
)

test('a network counts once a minute, and once more when it fails', () => {
  const sample = new ClientSample()
  const seen = [
    sample.note('warn-1', ONE, false, 0),
    sample.note('warn-1', NEIGHBOUR, false, 1000),
    sample.note('warn-1', NEIGHBOUR, true, 2000),
    sample.note('warn-1', ONE, true, 3000),
    sample.note('warn-1', ONE, false, 4000),
    sample.note('warn-1', OTHER, true, 5000),
    sample.note('warn-1', undefined, true, 6000),
    sample.note('warn-1', ONE, false, 60_000),
  ]
  expect(seen.map(({ asked, failed }) => `${asked}/${failed}`)).toEqual([
    ...['1/0', '0/0', '0/1', '0/0', '0/0', '1/1', '0/0', '1/0'],
  ])
})

test('a network that is in two phases by what it asks for counts in each of them', () => {
  const sample = new ClientSample()
  const seen = [
    sample.note('', ONE, false, 0),
    sample.note('warn-1', ONE, true, 1000),
    sample.note('warn-1', ONE, true, 2000),
    sample.note('', ONE, true, 3000),
  ]
  // Failed without having asked, a few of them would be more than all who ask.
  expect(seen).toEqual([
    { asked: 1, failed: 0 },
    { asked: 1, failed: 1 },
    { asked: 0, failed: 0 },
    { asked: 0, failed: 1 },
  ])
})

test('very many clients take no more memory', () => {
  const sample = new ClientSample()
  let asked = 0
  for (let index = 0; index < 100_000; index++) {
    const address = parseAddress(`${10 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}.1`)
    asked += sample.note(`warn-${index % 3}`, address, true, 0).asked
  }
  expect(asked).toBe(20_000)
})
