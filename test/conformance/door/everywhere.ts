import fc from 'fast-check'
import { expect, it } from 'vitest'
import { exchange, type RawReply } from '../../support/raw-http.ts'
import { type ScriptedStore, startScriptedStore } from '../../support/scripted-store.ts'
import { anyTarget, type DoorCase, doorCases, ORIGIN, PARIS } from './cases.ts'
import { type Origins, script, scriptUpstream } from './world.ts'

/** Digests made for one test each, so that nothing is known of them yet. */
export const fresh = (kind: '1' | '0' | '2', n: number) => `sha256:${kind}${n.toString(16).padStart(63, '0')}`

/** What the log says of a client in Paris that is sent to the store. */
export const REDIRECT_LINE = {
  msg: 'request',
  method: 'GET',
  status: 307,
  client: 'aws/eu-west-3',
  knownBy: 'override',
  decision: 'redirect',
  reason: 'store-present',
  backend: 'paris',
} as const

/** What a door of the table stands before. */
export interface Behind extends AsyncDisposable {
  readonly store: ScriptedStore
  readonly origins: Origins
}

export async function startBehind(): Promise<Behind> {
  const store = await startScriptedStore(script)
  const upstreams = [await startScriptedStore(scriptUpstream), await startScriptedStore(scriptUpstream)]
  return {
    store,
    origins: { store: store.origin, iowa: upstreams[0]!.origin, belgium: upstreams[1]!.origin },
    async [Symbol.asyncDispose]() {
      for (const server of [store, ...upstreams]) await server[Symbol.asyncDispose]()
    },
  }
}

/** A door of the table, and what it stands before. */
export interface Standing extends Behind {
  readonly port: number
}

/** Asks for a blob, as a client in Paris. */
export const askForBlob = (port: number, digest: string) =>
  exchange(port, { target: `/v2/pause/blobs/${digest}`, headers: { 'X-Forwarded-For': PARIS } })

/** How often the store was asked for it. */
export const probesOf = ({ store }: Behind, digest: string) =>
  store.requests.filter((request) => request.startsWith('HEAD ') && request.endsWith(digest))

/** The cases that a door passes wherever it runs, over real sockets; the fuzz takes so many targets. */
export function itEverywhere(standing: () => Standing, targets: number): void {
  const blob = (digest: string) => askForBlob(standing().port, digest)
  const probes = (digest: string) => probesOf(standing(), digest)

  it.each(doorCases())('answers $title', async (row) => {
    const { port, origins } = standing()
    const reply = await exchange(port, row)
    expectRow(reply, { ...row, ...(row.location && { location: realLocation(row.location, origins) }) })
  })

  it('refuses a target that is too long', async () => {
    const target = `/v2/a/tags/list?last=${'x'.repeat(9000)}`
    expect((await exchange(standing().port, { target })).status).toBe(414)
  })

  it('sends a client nowhere but below the configured prefixes, whatever it asks', async () => {
    const { port, origins } = standing()
    const allowed = [
      `${origins.iowa}/registry/v2/project/images/`,
      `${origins.belgium}/v2/`,
      `${origins.store}/blobs/`,
      'https://info.test/',
    ]
    const address = fc.constantFrom(PARIS, '34.1.1.1', 'evil', '::1')
    await fc.assert(
      fc.asyncProperty(anyTarget(), address, async (target, from) => {
        const reply = await exchange(port, { target, headers: { 'X-Forwarded-For': from } })
        expect(reply.status).toBeLessThan(500)
        const { location } = reply.headers
        if (location === undefined) return
        expect(allowed.some((prefix) => location.startsWith(prefix))).toBe(true)
        // A query is kept as it is, and is only what it is.
        expect(location.slice(8).split('?')[0]).not.toMatch(/\/\.{1,2}(\/|$)|\/\/|\\|evil\.test\/|%2e|%2f/i)
      }),
      { numRuns: targets },
    )
  })

  it('reads a forwarding header that comes in two lines as one', async () => {
    const { port, origins } = standing()
    const reply = await exchange(port, {
      target: '/v2/pause/manifests/3.9',
      headers: [
        ['X-Forwarded-For', '34.1.1.1'],
        ['X-Forwarded-For', PARIS],
      ],
    })
    expect(reply.headers.location).toBe(`${origins.belgium}/v2/pause/manifests/3.9`)
  })

  it('asks the store once for a hundred first requests of one blob', async () => {
    const digest = fresh('1', 1)
    const replies = await Promise.all(Array.from({ length: 100 }, () => blob(digest)))
    expect(new Set(replies.map((reply) => reply.headers.location))).toEqual(
      new Set([`${standing().origins.store}/blobs/${digest}`]),
    )
    expect(probes(digest)).toEqual([`HEAD /blobs/${digest}`])
  })

  it('asks the store once for fifty requests of a blob that it lacks', async () => {
    const digest = fresh('0', 1)
    for (let n = 0; n < 50; n++) {
      const { location } = (await blob(digest)).headers
      expect(location).toBe(`${standing().origins.belgium}/v2/pause/blobs/${digest}`)
    }
    expect(probes(digest).length).toBe(1)
  })
}

function realLocation(location: string, origins: Origins): string {
  return Object.entries(ORIGIN).reduce(
    (text, [name, origin]) => text.replace(origin, origins[name as keyof Origins]),
    location,
  )
}

function expectRow(reply: RawReply, row: DoorCase): void {
  expect(reply.status).toBe(row.status)
  expect(reply.headers.location).toBe(row.location)
  expect(reply.headers).toMatchObject(row.alsoHeaders ?? {})
  if (row.code !== undefined) {
    expect(reply.headers['content-type']).toBe('application/json')
    expect(JSON.parse(reply.body)).toEqual({ errors: [expect.objectContaining({ code: row.code })] })
  }
  if (row.method === 'HEAD') expect(reply.body).toBe('')
}
