import { readFile, writeFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCommand } from '../../support/command.ts'
import { makeBlob, makeManifest, storeContent } from '../../support/content.ts'
import { startMisbehaving } from '../../support/misbehaving.ts'
import { type Portolan, type RuntimeName, startPortolan } from '../../support/portolan.ts'
import {
  type Issued,
  makePrivateAuthority,
  noPrivateAuthority,
  type PrivateAuthority,
} from '../../support/private-authority.ts'
import { startScriptedRegistry } from '../../support/scripted-registry.ts'
import { type ScriptedStore, startScriptedStore } from '../../support/scripted-store.ts'
import { makeTempFolder } from '../../support/temp.ts'
import { takeTurns } from '../../support/turns.ts'
import { until } from '../../support/until.ts'
import { ask, keepAsking } from './clients.ts'
import { makeSecretFolder } from './secret-folder.ts'

/** What an operator sees of a door that speaks TLS, whatever runtime it is on. */
export function describeTls(runtime: RuntimeName): void {
  describe.skipIf(noPrivateAuthority)(`a door on ${runtime} that speaks TLS`, { timeout: 60_000 }, () => {
    takeTurns('TLS', runtime)
    let made: AsyncDisposableStack
    let authority: PrivateAuthority
    let registry: ScriptedStore
    beforeAll(async () => {
      made = new AsyncDisposableStack()
      authority = made.use(await makePrivateAuthority(['127.0.0.1']))
      registry = made.use(await startScriptedStore(() => 200))
    })
    afterAll(() => made.disposeAsync())

    const issue = () => authority.issue(['127.0.0.1'])
    const upstreams = () => [{ id: 'main', url: registry.origin, at: 'gcp/us-central1' }]
    const start = async (more: object) =>
      made.use(await startPortolan({ upstreams: upstreams(), ...more }, runtime))
    const serialOf = async (door: Portolan) => (await ask(door.port, '/v2/', { ca: authority.issuer })).serial
    /** The lines of a door's log that begin with this, once there are so many. */
    async function said(door: Portolan, what: string, count: number) {
      const lines = () => door.log.filter(({ msg }) => String(msg).startsWith(what))
      await until(`"${what}" in the log`, () => lines().length >= count)
      return lines()
    }

    /** Files beside each other, written one by one. */
    async function filesOf({ certificate, key }: Issued) {
      const folder = made.use(await makeTempFolder())
      const files = { certificate: `${folder.path}/tls.crt`, key: `${folder.path}/tls.key` }
      await writeFile(files.certificate, certificate)
      await writeFile(files.key, key)
      return files
    }

    it('shows another certificate once its files change, and no request fails of that', async () => {
      const secret = made.use(await makeSecretFolder(await issue()))
      const door = await start({ tls: { certificate: secret.certificate, key: secret.key } })
      const client = { ca: authority.issuer }
      const first = await serialOf(door)
      const staying = [0, 1, 2, 3].map(() => keepAsking(door.port, client, true))
      const coming = [0, 1, 2, 3].map(() => keepAsking(door.port, client, false))
      await until('all to have asked', () =>
        [...staying, ...coming].every(({ replies }) => replies.length > 5),
      )

      await secret.swap(await issue())
      await until('those who come to be shown the other', () =>
        coming.every(({ replies }) => replies.at(-1)!.serial !== first),
      )
      const counts = staying.map(({ replies }) => replies.length)
      await until('those who stay to go on', () =>
        staying.every(({ replies }, index) => replies.length > counts[index]! + 5),
      )
      await Promise.all([...staying, ...coming].map((each) => each.end()))

      const all = [...staying, ...coming]
      expect(all.flatMap(({ failures }) => failures)).toEqual([])
      expect(all.flatMap(({ replies }) => replies.filter(({ status }) => status !== 200))).toEqual([])
      for (const { replies } of staying) {
        expect(new Set(replies.map(({ socket }) => socket)).size).toBe(1)
        expect(new Set(replies.map(({ serial }) => serial))).toEqual(new Set([first]))
      }
      const shown = await said(door, 'this certificate is shown', 2)
      expect(shown).toMatchObject([
        { listener: 'door', subject: 'CN=127.0.0.1', names: ['IP Address:127.0.0.1'] },
        { listener: 'door', certificate: secret.certificate },
      ])
      const metrics = await fetch(`http://127.0.0.1:${door.adminPort}/metrics`)
      expect(await metrics.text()).toContain(
        `portolan_tls_certificate_expiry_timestamp_seconds{listener="door"} ${
          Date.parse(String(shown[1]!.notAfter)) / 1000
        }\n`,
      )
    })

    it('goes on with a blob that a mirror is giving, while others are shown the other certificate', async () => {
      const blob = makeBlob('on its way', 200_000)
      const manifest = makeManifest(makeBlob('config', 100), blob)
      const upstream = made.use(
        await startScriptedRegistry({
          repositories: [{ name: 'app', tags: { v1: manifest }, blobs: [blob] }],
        }),
      )
      const { promise: released, resolve: release } = Promise.withResolvers<void>()
      upstream.script(`/v2/app/blobs/${blob.digest}`, async (asked, response) => {
        response.writeHead(200, { 'Content-Length': blob.bytes.length })
        if (asked.method === 'HEAD') {
          response.end()
          return
        }
        response.write(blob.bytes.subarray(0, 50_000))
        await released
        response.end(blob.bytes.subarray(50_000))
      })
      const secret = made.use(await makeSecretFolder(await issue()))
      const kept = made.use(await makeTempFolder())
      const mirror = await start({
        tls: { certificate: secret.certificate, key: secret.key },
        ...{ delivery: 'relay', cache: { folder: kept.path, size: '1GiB' } },
        upstreams: [{ id: 'main', url: upstream.origin, at: 'dc/x' }],
      })
      const first = await serialOf(mirror)
      const path = `/v2/app/blobs/${blob.digest}`
      const response = await new Promise<IncomingMessage>((resolve, reject) => {
        const to = { host: '127.0.0.1', port: mirror.port, path, ca: authority.issuer, agent: false }
        request(to, resolve).on('error', reject).end()
      })
      expect(response.statusCode).toBe(200)

      await secret.swap(await issue())
      await until('others to be shown the other', async () => (await serialOf(mirror)) !== first)
      release()
      expect((await buffer(response)).equals(blob.bytes)).toBe(true)
    })

    it('shows it from each of several workers', async () => {
      const secret = made.use(await makeSecretFolder(await issue()))
      const config = { upstreams: upstreams(), tls: { certificate: secret.certificate, key: secret.key } }
      const door = made.use(await startPortolan(config, runtime, undefined, ['--workers', '2']))
      const first = await serialOf(door)
      const seen = async () => new Set(await Promise.all(Array.from({ length: 16 }, () => serialOf(door))))
      expect(await seen()).toEqual(new Set([first]))
      await secret.swap(await issue())
      await until('nobody to be shown the first any more', async () => !(await seen()).has(first))
      expect((await seen()).size).toBe(1)
    })

    it('trusts in each of several workers what --ca names', async () => {
      const { certificate, key } = await issue()
      const certificates = {
        ...{ key, good: certificate, expired: certificate, trustFile: authority.file },
        async [Symbol.asyncDispose]() {},
      }
      const [canary, ...blobs] = Array.from({ length: 4 }, (_, n) => makeBlob(`blob ${n}`))
      const content = storeContent([canary!, ...blobs])
      const store = made.use(await startMisbehaving({ content, certificates }))
      const config = {
        upstreams: upstreams(),
        stores: [{ id: 'near', url: store.origin, at: 'gcp/us-central1', canary: canary!.digest }],
        routing: [{ prefer: ['stores'] }],
        presence: { timeout: '5s' },
      }
      const words = ['--workers', '2', '--ca', authority.file]
      const door = made.use(await startPortolan(config, runtime, undefined, words))
      for (const { digest } of blobs) {
        const { headers } = await fetch(`http://127.0.0.1:${door.port}/v2/app/blobs/${digest}`, {
          redirect: 'manual',
        })
        expect(headers.get('location')).toMatch(`${store.origin}/`)
      }
    })

    it('takes other files with a reload, refuses them where they are no good, and needs a restart to begin', async () => {
      const [one, other] = [await filesOf(await issue()), await filesOf(await issue())]
      const door = await start({ tls: one })
      const first = await serialOf(door)
      const config = JSON.parse(await readFile(door.configFile, 'utf8')) as object
      const reload = async (more: object) => {
        await writeFile(door.configFile, JSON.stringify({ ...config, ...more }))
        door.process.kill('SIGHUP')
      }
      const last = async () => {
        const reply = await fetch(`http://127.0.0.1:${door.adminPort}/reload`)
        return (await reply.json()) as { last: { ok: boolean; faults?: string[] } | null }
      }

      await reload({ tls: { ...other, key: one.key } })
      await until('the reload to be refused', async () => (await last()).last?.ok === false)
      expect((await last()).last!.faults).toEqual([expect.stringContaining('does not belong to the key')])
      expect(await serialOf(door)).toBe(first)

      await reload({ tls: other, adminTls: one })
      await until('the reload', async () => (await last()).last?.ok === true)
      const second = await serialOf(door)
      expect(second).not.toBe(first)
      expect(await said(door, 'this key takes a restart', 1)).toMatchObject([
        { key: 'adminTls', inForce: 'off', inFile: 'on' },
      ])
      // The files of before are not looked at any more, and those of now are.
      const third = await issue()
      await writeFile(other.key, third.key)
      await writeFile(other.certificate, third.certificate)
      await until('the third certificate', async () => (await serialOf(door)) !== second)
    })

    it('lets nobody in by a ticket of before, once the authority of clients is another', async () => {
      await using others = await makePrivateAuthority(['client'])
      const files = { ...(await filesOf(await issue())), clientCA: authority.file }
      const door = await start({ tls: files })
      const { certificate: cert, key } = await authority.issue(['client'])
      const client = { ca: authority.issuer, cert, key }
      const agent = new Agent({ keepAlive: false })
      made.defer(() => agent.destroy())
      const isReused = async () =>
        (await ask(door.port, '/v2/', { ...client, agent })).socket.isSessionReused()
      expect(await isReused()).toBe(false)
      await until('a ticket to be taken', isReused)

      const config = JSON.parse(await readFile(door.configFile, 'utf8')) as object
      const next = { ...config, tls: { ...files, clientCA: others.file } }
      await writeFile(door.configFile, JSON.stringify(next))
      door.process.kill('SIGHUP')
      await said(door, 'reloaded the config', 1)
      await expect(isReused()).rejects.toThrow()
      const { certificate, key: otherKey } = await others.issue(['client'])
      const other = { ca: authority.issuer, cert: certificate, key: otherKey }
      expect(await ask(door.port, '/v2/', other)).toMatchObject({ status: 200 })
    })

    it('asks clients of its admin service for a certificate, and those of the door for none', async () => {
      const files = await filesOf(await issue())
      const clientCA = authority.file
      const door = await start({ tls: files, adminTls: { ...files, clientCA } })
      const { certificate: cert, key } = await authority.issue(['operator'])
      const trusting = { ca: authority.issuer }
      await expect(ask(door.adminPort, '/healthz', trusting)).rejects.toThrow()
      expect(await ask(door.adminPort, '/healthz', { ...trusting, cert, key })).toMatchObject({ status: 200 })
      const { body } = await ask(door.adminPort, '/', { ...trusting, cert, key })
      // What listened on a free port is asked at the one that it got.
      const folder = made.use(await makeTempFolder()).path
      const config = JSON.parse(await readFile(door.configFile, 'utf8')) as object
      await writeFile(
        `${folder}/door.json`,
        JSON.stringify({ ...config, admin: `127.0.0.1:${door.adminPort}` }),
      )
      await until('portolan healthcheck to be answered', async () => {
        const { out } = await runCommand(['healthcheck', 'door.json'], { folder, runtime })
        return out === `https://127.0.0.1:${door.adminPort}/healthz answered 200: ok\n`
      })
      expect(JSON.parse(body)).toMatchObject({ door: `https://127.0.0.1:${door.port}` })
      expect(await ask(door.port, '/v2/', trusting)).toMatchObject({ status: 200 })
      expect(await said(door, 'refused before', 1)).toMatchObject([
        { status: 'tls', reason: 'the client shows no certificate' },
      ])
    })
  })
}
