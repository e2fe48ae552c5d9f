import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { providers } from '../../src/clouds/providers.ts'
import { decodeRanges, encodeRanges } from '../../src/clouds/snapshot.ts'
import { updateRanges } from '../../src/clouds/update.ts'
import { type ListReply, list, startListServer, status, truncated } from '../support/list-server.ts'
import { type Portolan, type RuntimeName, startPortolan } from '../support/portolan.ts'
import { sample } from '../support/sample.ts'
import { makeTempFolder } from '../support/temp.ts'
import { bytesOf, listOf, otherPrefixes } from '../support/test-ranges.ts'
import { until } from '../support/until.ts'

const OLD = '2026-01-01T00:00:00.000Z'
const received = (provider: string, bytes: Uint8Array) => ({ provider, bytes, from: 'a test', fetched: OLD })

/** An old snapshot, so that a door which refreshes begins at once; 8.8.0.0/16 is gcp's and 9.0.0.0/24 and more too. */
const snapshot = encodeRanges(
  updateRanges({
    providers,
    lists: [
      received('gcp', bytesOf('gcp', '8.8.0.0/16', ...otherPrefixes(500))),
      received('fastly', bytesOf('fastly')),
    ],
    created: OLD,
  }).ranges!,
)

/** Starts a door with that snapshot, which fetches two lists from a server of ours and no others. */
async function startDoor(
  folder: string,
  origin: string,
  runtime: RuntimeName,
  places: object[] = [],
  start: 'again' | 'first' = 'again',
) {
  const file = join(folder, 'ranges.bin')
  if (start === 'again') await writeFile(file, snapshot)
  const sources = Object.fromEntries(
    providers.map(({ id }) => [id, ['gcp', 'fastly'].includes(id) ? `${origin}/${id}` : 'off']),
  )
  const door = await startPortolan(
    {
      upstreams: [{ id: 'main', url: 'http://127.0.0.1:9', at: 'gcp/us-central1' }],
      clients: { trustedProxies: ['127.0.0.1'] },
      clouds: { snapshot: file, refresh: '12h', sources, places },
    },
    runtime,
  )
  return { door, file }
}

/** The place of a client and how it is known, as the door's log tells. */
async function placeOf({ port, log }: Portolan, address: string): Promise<string> {
  const target = `/v2/a/tags/list?n=${log.length}&of=${address}`
  await fetch(`http://127.0.0.1:${port}${target}`, {
    redirect: 'manual',
    headers: { 'X-Forwarded-For': address },
  })
  const line = () => log.findLast((one) => one.target === target)
  await until('the line of the request', () => line() !== undefined)
  const { client, knownBy } = line()!
  return `${client} by ${knownBy}`
}

async function refreshOf({ adminPort }: Portolan) {
  const status = await (await fetch(`http://127.0.0.1:${adminPort}/ranges`)).json()
  return status as {
    snapshot: { created: string }
    refresh: { running: boolean; providers: { provider: string; state: string; problem?: string }[] }
  }
}

const runtimes: RuntimeName[] = ['node', 'bun']
const bad: [string, ListReply, string][] = [
  ['truncated', truncated(listOf('gcp')), 'cannot fetch the list of Google Cloud'],
  ['cut short', list(listOf('gcp').slice(0, -9)), 'not JSON'],
  ['empty', list(''), 'not JSON'],
  ['a web page', list('<!DOCTYPE html>'), 'a web page instead of a list'],
  ['ten times too large', list(' '.repeat(10_000_000)), 'larger than the 1000000 bytes allowed'],
  ['half of what it was', list(listOf('gcp')), 'fewer than 70 %'],
  ['not there', status(500), 'it answered 500'],
]

const cells = runtimes.flatMap((runtime) => bad.map(([...row]) => [runtime, ...row] as const))

test.each(sample('lists that are no use', cells, bad.length, ([, what]) => what))(
  'on %s, a list that is %s leaves the door with the old one, and is seen in log and admin service',
  async (runtime, _, reply, problem) => {
    await using folder = await makeTempFolder()
    await using server = await startListServer({ '/gcp': reply, '/fastly': status(404) })
    const { door, file } = await startDoor(folder.path, server.origin, runtime)
    await using _door = door
    await until('the refresh', async () => (await refreshOf(door)).refresh.providers[0]!.state !== 'pending')
    expect(await placeOf(door, '8.8.0.1')).toBe('gcp/europe-west9 by range')
    expect(await refreshOf(door)).toMatchObject({
      snapshot: { created: OLD },
      refresh: {
        running: false,
        providers: [
          { provider: 'gcp', state: 'kept', problem: expect.stringContaining(problem) },
          { provider: 'fastly', state: 'kept' },
        ],
      },
    })
    expect(door.log.find(({ provider }) => provider === 'gcp')).toMatchObject({
      msg: 'the list of a provider was not taken',
      state: 'kept',
      problem: expect.stringContaining(problem),
    })
    expect(new Uint8Array(await readFile(file))).toEqual(snapshot)
    expect(await door.stop()).toBe(0)
  },
)

test.each(runtimes)(
  'on %s, a good list is used whole, written to the file, and overrides win over it',
  async (runtime) => {
    await using folder = await makeTempFolder()
    await using server = await startListServer({
      '/gcp': list(listOf('gcp', '8.9.0.0/16', ...otherPrefixes(500))),
      '/fastly': list('<html>'),
    })
    const places = [{ prefix: '8.9.9.0/24', at: 'my-cloud/berlin' }]
    const { door, file } = await startDoor(folder.path, server.origin, runtime, places)
    await using _door = door
    await until('the refresh', async () => (await refreshOf(door)).snapshot.created !== OLD)
    expect(await placeOf(door, '8.8.0.1')).toBe('unknown by header')
    expect(await placeOf(door, '8.9.0.1')).toBe('gcp/europe-west9 by range')
    expect(await placeOf(door, '8.9.9.1')).toBe('my-cloud/berlin by override')
    const { created } = (await refreshOf(door)).snapshot
    await until('the file', async () => decodeRanges(await readFile(file)).metadata.created === created)
  },
)

test.each(runtimes)(
  'on %s, a first start whose lists do not come goes by the networks that are shipped, says so, and keeps no file',
  async (runtime) => {
    await using folder = await makeTempFolder()
    await using server = await startListServer({ '/gcp': status(503), '/fastly': status(503) })
    const { door, file } = await startDoor(folder.path, server.origin, runtime, [], 'first')
    await using _door = door
    await until('the networks', async () => (await placeOf(door, '5.9.0.1')) === 'hetzner/de by asn')
    await until('the refresh', async () => (await refreshOf(door)).refresh.providers[0]!.state === 'missing')
    expect(door.log.filter(({ level }) => level === 'warn').map(({ msg }) => msg)).toContain(
      'there are no ranges yet: the lists are being fetched, and until then regions are not known',
    )
    await expect(readFile(file)).rejects.toThrow('ENOENT')
    // A reload does not take what was made of no list for new, and asks again at once.
    server.replies.set('/gcp', list(listOf('gcp', '8.9.0.0/16', ...otherPrefixes(500))))
    door.process.kill('SIGHUP')
    await until('the list', async () => (await placeOf(door, '8.9.0.1')) === 'gcp/europe-west9 by range')
    expect(await placeOf(door, '5.9.0.1')).toBe('hetzner/de by asn')
  },
)

test('a reload reads the file anew, and one that is broken changes nothing', async () => {
  await using folder = await makeTempFolder()
  const file = join(folder.path, 'ranges.bin')
  await writeFile(file, snapshot)
  await using door = await startPortolan({
    upstreams: [{ id: 'main', url: 'http://127.0.0.1:9', at: 'gcp/us-central1' }],
    clients: { trustedProxies: ['127.0.0.1'] },
    clouds: { snapshot: file },
  })
  const newer = updateRanges({
    providers,
    lists: [received('gcp', bytesOf('gcp', '8.9.0.0/16'))],
    created: '2026-02-01T00:00:00.000Z',
  })
  await writeFile(file, encodeRanges(newer.ranges!))
  door.process.kill('SIGHUP')
  await until('the new file', async () => (await placeOf(door, '8.9.0.1')) === 'gcp/europe-west9 by range')
  await writeFile(file, 'a text of mine')
  door.process.kill('SIGHUP')
  await until('the refusal', () =>
    door.log.some((line) => JSON.stringify(line).includes('not a usable range snapshot')),
  )
  expect(await placeOf(door, '8.9.0.1')).toBe('gcp/europe-west9 by range')
})

test('a door does not start with a snapshot that is not there or is none', async () => {
  await using folder = await makeTempFolder()
  const file = join(folder.path, 'ranges.bin')
  const config = {
    upstreams: [{ id: 'main', url: 'http://127.0.0.1:9', at: 'dc/x' }],
    clouds: { snapshot: file },
  }
  await expect(startPortolan(config)).rejects.toThrow(
    `there is no ${file} (clouds.snapshot); "portolan ranges update --out ${file}" makes it`,
  )
  await writeFile(file, 'a text of mine')
  await expect(startPortolan(config)).rejects.toThrow(`${file}: this is not a usable range snapshot`)
})
