import { expect, test } from 'vitest'
import { bytesOf } from '../../../test/support/test-ranges.ts'
import { decodeRanges } from '../../clouds/snapshot.ts'
import { parseAddress } from '../../net/address.ts'
import { updateInWorker } from './update-in-worker.ts'

const created = '2026-07-29T00:00:00.000Z'
const received = (provider: string, bytes: Uint8Array) => ({
  provider,
  bytes,
  from: 'a test',
  fetched: created,
})

test('another thread makes the snapshot, with the geo data that comes with Portolan, and keeps what it must', async () => {
  const providers = ['cloudflare', 'fastly']
  const first = await updateInWorker({
    providers,
    lists: [received('fastly', bytesOf('fastly', '7.7.0.0/16'))],
    geo: false,
    created,
  })
  const { snapshot, refused } = await updateInWorker({
    providers,
    lists: [
      received('cloudflare', bytesOf('cloudflare', '8.8.0.0/16')),
      received('fastly', Uint8Array.of(7)),
    ],
    previous: first.snapshot,
    geo: true,
    created,
  })
  expect(refused).toEqual([{ provider: 'fastly', reason: expect.stringContaining('Fastly (fastly.json)') }])
  const { table } = decodeRanges(snapshot!)
  const places = ['8.8.0.1', '7.7.0.1', '193.0.6.139'].map((text) => table.lookup(parseAddress(text)!))
  expect(places.map((found) => found && `${found.source} ${found.place.name}`)).toEqual([
    'range cloudflare',
    'range fastly',
    'country country/NL',
  ])
})

test('what goes wrong there is said here', async () => {
  const request = { providers: [], lists: [], previous: Uint8Array.of(1), geo: false, created }
  await expect(updateInWorker(request)).rejects.toThrow('this is not a usable range snapshot')
})
