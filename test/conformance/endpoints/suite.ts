import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  importPrivateKey,
  importPublicKey,
  signBytes,
  verifyBytes,
} from '../../../src/backends/ownership/ownership-key.ts'
import { dayOf } from '../../../src/endpoints/day.ts'
import { draftStatement } from '../../../src/endpoints/draft.ts'
import { hostOf } from '../../../src/endpoints/standing.ts'
import { ENDPOINTS_PATH, type EndpointsStatement, formatStatement } from '../../../src/endpoints/statement.ts'
import { makeBlob, storeContent } from '../../support/content.ts'
import { makeKey } from '../../support/inventory.ts'
import { type MisbehavingServer, startMisbehaving } from '../../support/misbehaving.ts'
import { type Portolan, type RuntimeName, startPortolan } from '../../support/portolan.ts'
import { exchange } from '../../support/raw-http.ts'
import { makeTempFolder } from '../../support/temp.ts'
import { until } from '../../support/until.ts'

const KEY = makeKey()
const BLOB = makeBlob('blob')
const TARGET = `/v2/app/blobs/${BLOB.digest}`

/** A door that publishes which hosts it sends clients to, over real sockets; the same on every runtime. */
export function describeEndpoints(runtime: RuntimeName): void {
  describe(`a door on ${runtime} that publishes its endpoints`, () => {
    const made = new AsyncDisposableStack()
    let file: string
    let upstream: MisbehavingServer
    let store: MisbehavingServer
    let door: Portolan

    async function publish(statement: EndpointsStatement, key = KEY): Promise<void> {
      const text = formatStatement(statement)
      const privateKey = await importPrivateKey(key.privatePem, 'the key')
      await writeFile(file, text)
      await writeFile(`${file}.sig`, await signBytes(new TextEncoder().encode(text), privateKey))
    }

    function draft(
      urls: readonly string[],
      previous?: EndpointsStatement,
      emergency?: string,
    ): EndpointsStatement {
      return draftStatement({
        ...{ registry: 'registry.example', today: dayOf(Date.now()), notice: 14 },
        hosts: urls.map((url) => ({ ...hostOf(url), why: ['blobs'] })),
        ...(previous && { previous }),
        ...(emergency !== undefined && { emergency }),
      })
    }

    const locationOf = async () => (await exchange(door.port, { target: TARGET })).headers.location
    /** How the next reload ends. */
    async function reload(): Promise<{ readonly ok: boolean; readonly faults?: readonly string[] }> {
      const asked = async () =>
        (await (await fetch(`http://127.0.0.1:${door.adminPort}/reload`)).json()) as {
          last: { at: string } | null
        }
      const before = (await asked()).last?.at
      door.process.kill('SIGHUP')
      await until('the reload', async () => (await asked()).last?.at !== before)
      return (await asked()).last as never
    }

    beforeAll(async () => {
      file = join(made.use(await makeTempFolder()).path, 'endpoints.json')
      upstream = made.use(await startMisbehaving({ content: () => undefined }))
      store = made.use(await startMisbehaving({ content: storeContent([BLOB]) }))
      await publish(draft([upstream.origin]))
      door = made.use(
        await startPortolan(
          {
            upstreams: [{ id: 'main', url: upstream.origin, at: 'test/main' }],
            stores: [{ id: 'near', url: store.origin, at: 'test/near' }],
            routing: [{ prefer: ['stores'] }],
            endpoints: { file, publicKey: KEY.publicKey },
          },
          runtime,
        ),
      )
    })
    afterAll(() => made.disposeAsync())

    it('serves the list and the signature, by which anyone can check it', async () => {
      const list = await exchange(door.port, { target: ENDPOINTS_PATH })
      expect(list).toMatchObject({ status: 200, headers: { 'content-type': 'application/json' } })
      expect(list.body).toBe(await readFile(file, 'utf8'))
      const signature = await exchange(door.port, { target: `${ENDPOINTS_PATH}.sig` })
      const key = await importPublicKey(KEY.publicKey)
      expect(await verifyBytes(new TextEncoder().encode(list.body), signature.body, key)).toBe(true)
      const head = await exchange(door.port, { target: ENDPOINTS_PATH, method: 'HEAD' })
      expect(head).toMatchObject({ status: 200, body: '' })
      expect(head.headers['content-length']).toBe(list.headers['content-length'])
    })

    it('sends nobody to a store that is not published, and says so', async () => {
      expect(await locationOf()).toContain(upstream.origin)
      expect(door.log).toContainEqual(
        expect.objectContaining({ problem: expect.stringContaining('not among the published endpoints') }),
      )
    })

    it('takes a new list at a reload, and keeps what it has where that is older or not signed', async () => {
      const first = draft([upstream.origin])
      const second = draft([upstream.origin, store.origin], first)
      await publish(second)
      expect(await reload()).toMatchObject({ ok: true })
      // Published, but only from the end of its notice on.
      expect(await locationOf()).toContain(upstream.origin)
      await publish(draft([upstream.origin, store.origin], first, 'the other one burns'))
      expect(await reload()).toMatchObject({ ok: true })
      expect(await locationOf()).toContain(store.origin)

      await publish(first)
      expect(JSON.stringify(await reload())).toMatch(/"ok":false.*serial 1, which is older than 2/)
      await publish({ ...second, serial: 3 }, makeKey())
      expect(JSON.stringify(await reload())).toMatch(/"ok":false.*is not what .* signs by the key/)
      await rm(`${file}.sig`)
      expect(JSON.stringify(await reload())).toMatch(/"ok":false.*cannot be read/)
      expect(await locationOf()).toContain(store.origin)
    })
  })
}
