import { execFileSync } from 'node:child_process'
import { readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Portolan, type RuntimeName, startPortolan } from '../../support/portolan.ts'
import { findFreePort } from '../../support/ports.ts'
import { exchange } from '../../support/raw-http.ts'
import { type ScriptedStore, startScriptedStore } from '../../support/scripted-store.ts'
import { takeTurns } from '../../support/turns.ts'
import { until } from '../../support/until.ts'

const PARIS = '35.180.1.1'
const DIGEST = `sha256:${'a'.repeat(64)}`
const UNASKED = `sha256:${'c'.repeat(64)}`
const SILENT = `sha256:${'b'.repeat(64)}`

/** What the admin service says, as far as these tests look at it. */
interface Backend {
  readonly id: string
  readonly health: { readonly status: string; readonly since: string; readonly history: readonly object[] }
  readonly presence: { readonly present: number }
}

/** What an operator does with a door that runs, on one runtime: reload its config, and ask its admin service. */
export function describeOperations(runtime: RuntimeName): void {
  describe(`a door on ${runtime} that runs`, () => {
    let made = new AsyncDisposableStack()
    let near: ScriptedStore
    let far: ScriptedStore
    let registry: ScriptedStore
    let door: Portolan

    async function open(): Promise<void> {
      made = new AsyncDisposableStack()
      near = made.use(await startScriptedStore((path) => (path.includes(SILENT) ? 'silent' : 200)))
      far = made.use(await startScriptedStore(() => 200))
      registry = made.use(await startScriptedStore(() => 200))
      door = made.use(await startPortolan(config(), runtime))
    }

    it('goes on for the delay it is told after SIGTERM, while it says that it is not ready, and then ends', async () => {
      await using stores = new AsyncDisposableStack()
      const upstream = stores.use(await startScriptedStore(() => 200))
      await using leaving = await startPortolan(
        { upstreams: [{ id: 'main', url: upstream.origin, at: 'gcp/us-central1', canonical: true }] },
        runtime,
        undefined,
        ['--shutdown-delay', '2s'],
      )
      const signalled = Date.now()
      const ended = leaving.stop()
      await until('the door not to be ready', async () => {
        const reply = await fetch(`http://127.0.0.1:${leaving.adminPort}/readyz`)
        return reply.status === 503
      })
      const reply = await fetch(`http://127.0.0.1:${leaving.port}/v2/`)
      expect([reply.status, reply.headers.get('connection')]).toEqual([200, 'close'])
      expect(await ended).toBe(0)
      expect(Date.now() - signalled).toBeGreaterThanOrEqual(2000)
    })

    it('is not ready before it can use a backend, says of each what is wrong, and stays ready then', async () => {
      const port = await findFreePort()
      const main = { id: 'main', url: `http://127.0.0.1:${port}`, at: 'gcp/us-central1' }
      const lost = { id: 'lost', url: 'http://127.0.0.1:2', at: 'aws/eu-west-3' }
      const health = { interval: '1s', failures: 1 }
      await using door = await startPortolan({ upstreams: [main], stores: [lost], health }, runtime)
      const readyz = async () => {
        const { status, body } = await exchange(door.adminPort, { target: '/readyz' })
        return { code: status, ...JSON.parse(body) }
      }
      expect(await readyz()).toEqual({ code: 503, status: 'not ready', why: 'no backend can be used yet' })
      const firstChecks = () => door.log.filter(({ msg }) => String(msg).includes('first check'))
      expect(firstChecks()).toMatchObject([
        { level: 'warn', backend: expect.stringMatching(/main|lost/), why: expect.stringMatching(/./) },
        { level: 'warn', backend: expect.stringMatching(/main|lost/), why: expect.stringMatching(/./) },
      ])

      const server = createServer((_, reply) => reply.end())
      await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
      await until('the door to be ready', async () => (await readyz()).status === 'ready')
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await until('the upstream to leave traffic', async () => 'problem' in (await readyz()))
      expect(await readyz()).toEqual({ code: 200, status: 'ready', problem: 'every backend is down' })
      // Each is told of once, however often it fails.
      expect(firstChecks()).toHaveLength(2)
    })

    describe('reloads', () => {
      takeTurns('reloads', runtime)
      beforeEach(open)
      afterEach(() => made.disposeAsync())

      it('keeps what it knows of a store when the config of another changes', async () => {
        expect(await locationOf(DIGEST)).toBe(`${near.origin}/${DIGEST}`)
        const before = await backends()
        const moved = await otherStore()
        await change({ stores: [stores().near, { ...stores().far, url: moved.origin }] })
        expect(await locationOf(DIGEST)).toBe(`${near.origin}/${DIGEST}`)
        expect(near.requests.filter((request) => request === `HEAD /${DIGEST}`)).toHaveLength(1)
        const after = await backends()
        expect(after.near).toMatchObject({
          presence: before.near!.presence,
          health: { history: before.near!.health.history.slice(0, 1) },
        })
        expect(moved.requests.length).toBeGreaterThan(0)
      })

      it('names a request by one id in the log and, with debug, in the reply, which no other request has', async () => {
        await change({ debug: true })
        const ids: string[] = []
        for (const target of [`/v2/pause/blobs/${DIGEST}`, '/v2/', '/nothing']) {
          const reply = await fetch(`http://127.0.0.1:${door.port}${target}`, { redirect: 'manual' })
          ids.push(reply.headers.get('portolan-request-id')!)
          await until('the line of the request', async () =>
            door.log.some(
              (line) => line.msg === 'request' && line.id === ids.at(-1) && line.target === target,
            ),
          )
        }
        expect(new Set(ids).size).toBe(3)
        expect(door.log.map(({ level }) => level)).toContain('info')
      })

      it('says that its config is gone, once, goes on, and takes it when it is back', async () => {
        const text = await readFile(door.configFile)
        await rm(door.configFile)
        const gone = () => door.log.filter(({ msg }) => String(msg).startsWith('the config file is gone'))
        await until('a line that says so', async () => gone().length > 0, 15_000)
        expect(gone()).toMatchObject([{ level: 'error', file: door.configFile }])
        expect((await admin('/reload')).last).toMatchObject({
          ok: false,
          faults: [`there is no ${door.configFile} any more`],
        })
        expect(await locationOf(DIGEST)).toBe(`${near.origin}/${DIGEST}`)
        await writeFile(door.configFile, text)
        await until('the reload', async () => (await admin('/reload')).last.ok === true, 15_000)
        expect(gone()).toHaveLength(1)
      })

      it('keeps it when stores come and go, too', async () => {
        await locationOf(DIGEST)
        const added = await otherStore()
        await change({
          stores: [stores().near, { id: 'new', url: added.origin, blobs: '{digest}', at: 'aws/eu-west-1' }],
        })
        expect(Object.keys(await backends())).toEqual(['iowa', 'near', 'new'])
        await locationOf(DIGEST)
        expect(near.requests.filter((request) => request === `HEAD /${DIGEST}`)).toHaveLength(1)
      })

      it('forgets what it knew of a store that is another one now', async () => {
        await locationOf(DIGEST)
        const moved = await otherStore()
        await change({ stores: [{ ...stores().near, url: moved.origin }] })
        await until(
          'the new store to be tried',
          async () => (await backends()).near!.health.status !== 'pending',
        )
        expect(await locationOf(DIGEST)).toBe(`${moved.origin}/${DIGEST}`)
        expect(moved.requests.filter((request) => request === `HEAD /${DIGEST}`)).toHaveLength(1)
      })

      it('reloads when the file changes, by a swapped link too', async () => {
        await write({ debug: true })
        await until('the reload', async () => (await admin('/config')).debug === true)
        const next = `${door.configFile}.next`
        await writeFile(`${door.configFile}.2`, JSON.stringify({ ...config(), ...FILE }))
        await symlink(`${door.configFile}.2`, next)
        await rename(next, door.configFile)
        await until('the reload', async () => (await admin('/config')).debug === false)
        expect(await admin('/reload')).toMatchObject({ last: { ok: true } })
      })

      it('ignores a bad file, says all that is wrong with it, and takes the next good one', async () => {
        expect(await admin('/reload')).toMatchObject({ last: null })
        const good = await admin('/config')
        await writeFile(door.configFile, 'version: 1\ndebug: maybe\nlisen: x\n')
        door.process.kill('SIGHUP')
        await until('the refusal', async () => (await admin('/reload')).last !== null)
        const faults = [
          expect.stringMatching(/config\.yaml:.* upstreams: is required$/),
          expect.stringMatching(/config\.yaml:2:8 debug: "maybe": must be true or false$/),
          expect.stringMatching(/config\.yaml:3:1 lisen: unknown key/),
        ]
        const { last } = await admin('/reload')
        expect(last).toEqual({
          at: expect.stringMatching(/^\d{4}-.*Z$/),
          ok: false,
          faults: expect.arrayContaining(faults),
        })
        await until('the log line', () =>
          door.log.some(({ level, faults }) => level === 'error' && faults !== undefined),
        )
        expect(await admin('/config')).toEqual(good)
        expect(await locationOf(DIGEST)).toBe(`${near.origin}/${DIGEST}`)
        await change({ debug: true })
        expect(await admin('/reload')).toEqual({
          inForceSince: expect.any(String),
          last: { at: expect.any(String), ok: true },
        })
      })

      it('waits for no writer when the file becomes a named pipe, and takes the next good one', async () => {
        const pipe = `${door.configFile}.pipe`
        execFileSync('mkfifo', [pipe])
        await rename(pipe, door.configFile)
        door.process.kill('SIGHUP')
        await until('the refusal', async () => (await admin('/reload')).last !== null)
        expect((await admin('/reload')).last).toMatchObject({
          ok: false,
          faults: [expect.stringContaining('it is not a regular file')],
        })
        expect(await locationOf(DIGEST)).toBe(`${near.origin}/${DIGEST}`)
        await rm(door.configFile)
        await change({ debug: true })
        expect(await admin('/reload')).toMatchObject({ last: { ok: true } })
      })

      it('ignores a config of which a part cannot be had', async () => {
        await write({ upstreams: [{ id: 'iowa', layout: 'nowhere', at: 'gcp/us-central1' }] })
        door.process.kill('SIGHUP')
        await until('the refusal', async () => (await admin('/reload')).last !== null)
        expect((await admin('/reload')).last).toMatchObject({
          ok: false,
          faults: [expect.stringContaining('nowhere')],
        })
        expect(await locationOf(DIGEST)).toBe(`${near.origin}/${DIGEST}`)
      })

      it('stays where it listens, and says so', async () => {
        const { listen, admin: at } = await admin('/config')
        await change({ listen: '127.0.0.1:1', admin: 'off', debug: true })
        expect(await admin('/config')).toMatchObject({ listen, admin: at, debug: true })
        await until('the warnings', () => door.log.filter(({ key }) => key !== undefined).length === 2)
        expect(door.log.filter(({ key }) => key !== undefined)).toEqual([
          expect.objectContaining({ key: 'listen', inForce: listen, inFile: '127.0.0.1:1' }),
          expect.objectContaining({ key: 'admin', inForce: at, inFile: 'off' }),
        ])
      })

      it('answers a request that waited by the config that is in force then', async () => {
        const running = locationOf(SILENT)
        await until('the probe', () => near.requests.includes(`HEAD /${SILENT}`))
        const other = await otherStore()
        await change({
          upstreams: [{ id: 'iowa', url: other.origin, at: 'gcp/us-central1' }],
          stores: [],
          routing: [],
        })
        expect(await running).toBe(`${other.origin}/v2/pause/blobs/${SILENT}`)
        expect(await locationOf(SILENT)).toBe(`${other.origin}/v2/pause/blobs/${SILENT}`)
      })
    })

    describe('has an admin service that', () => {
      beforeAll(open)
      afterAll(() => made.disposeAsync())

      it('lists its paths, and names them where there is none', async () => {
        const { door: at, paths } = await admin('/')
        expect(at).toBe(`127.0.0.1:${door.port}`)
        expect(paths).toEqual(
          expect.arrayContaining(['/backends', '/config', '/explain', '/healthz', '/readyz', '/reload']),
        )
        const missing = await exchange(door.adminPort, { target: '/nothing' })
        expect(missing.status).toBe(404)
        for (const path of paths) expect(missing.body).toContain(path)
        expect((await exchange(door.adminPort, { method: 'POST', target: '/config' })).status).toBe(405)
      })

      it('tells all that it knows of its backends', async () => {
        await locationOf(DIGEST)
        expect((await admin('/backends')).backends).toEqual([
          {
            id: 'iowa',
            kind: 'upstream',
            place: 'gcp/us-central1',
            url: registry.origin,
            canonical: true,
            complete: true,
            health: expect.objectContaining({
              status: 'degraded',
              failures: 0,
              since: expect.stringMatching(/^\d{4}-/),
            }),
            presence: { present: 0, negative: 0, running: 0 },
          },
          expect.objectContaining({
            id: 'near',
            kind: 'store',
            health: expect.objectContaining({
              status: expect.stringMatching(/degraded|healthy/),
              history: expect.arrayContaining([
                expect.objectContaining({ from: 'pending', at: expect.any(String) }),
              ]),
            }),
            presence: { present: 1, negative: 0, running: 0 },
          }),
          expect.objectContaining({ id: 'far', keepsManifests: false }),
        ])
      })

      it('explains what it does', async () => {
        const target = `/v2/pause/blobs/${DIGEST}?x=1`
        const location = await locationOf(DIGEST)
        expect(await admin(`/explain?${new URLSearchParams({ target, from: PARIS })}`)).toEqual({
          method: 'GET',
          target,
          class: 'blob',
          client: { address: PARIS, via: 'peer', place: 'aws/eu-west-3', knownBy: 'override' },
          rule: 1,
          candidates: [
            expect.objectContaining({
              backend: 'near',
              by: 'stores@aws',
              kilometres: 0,
              presence: 'present',
              verdict: 'taken',
            }),
            expect.objectContaining({ backend: 'far', presence: 'not-asked', verdict: 'not-reached' }),
            expect.objectContaining({ backend: 'iowa', presence: 'assumed', verdict: 'not-reached' }),
          ],
          decision: { kind: 'redirect', reason: 'store-present', backend: 'near', location },
        })
      })

      it('asks nobody for an explanation when told not to', async () => {
        const target = `/v2/pause/blobs/${UNASKED}`
        const query = new URLSearchParams({ target, from: PARIS, ask: 'false' })
        expect((await admin(`/explain?${query}`)).decision).toMatchObject({
          backend: 'iowa',
          reason: 'blob-unknown',
        })
        expect(near.requests).not.toContain(`HEAD /${UNASKED}`)
      })

      it.each([
        ['from=1.2.3.4', 'target is required'],
        [`target=/v2/`, 'from is missing'],
        [`target=/v2/&from=paris`, 'from is \\"paris\\"'],
        [`target=/v2/&from=1.2.3.4&method=PUT`, 'method is \\"PUT\\"'],
        [`target=/v2/&from=1.2.3.4&ask=no`, 'ask is \\"no\\"'],
        [`target=/v2/&from=1.2.3.4&form=x`, 'there is no parameter \\"form\\"'],
        [`target=/v2/a/../b&from=1.2.3.4`, 'not part of the registry API'],
      ])('refuses to explain %s', async (query, message) => {
        const reply = await exchange(door.adminPort, { target: `/explain?${query}` })
        expect({ status: reply.status, body: reply.body }).toEqual({
          status: 400,
          body: expect.stringContaining(message),
        })
      })
    })

    const FILE = { version: 1, listen: '127.0.0.1:0', admin: '127.0.0.1:0' }
    const stores = () => ({
      near: { id: 'near', url: near.origin, blobs: '{digest}', at: 'aws/eu-west-3' },
      far: { id: 'far', url: far.origin, blobs: '{digest}', at: 'aws/us-east-1' },
    })
    function config(): object {
      return {
        upstreams: [{ id: 'iowa', url: registry.origin, at: 'gcp/us-central1' }],
        stores: Object.values(stores()),
        routing: [{ when: { cloud: 'aws' }, prefer: ['stores@aws'] }],
        clients: { trustedProxies: ['127.0.0.0/8'] },
        clouds: { places: [{ prefix: '35.180.0.0/16', at: 'aws/eu-west-3' }] },
        // Long enough for a reload to happen in the middle of a request.
        presence: { timeout: '1500ms' },
      }
    }
    const write = (part: object) =>
      writeFile(door.configFile, JSON.stringify({ ...FILE, ...config(), ...part }))
    /** Puts a config in force that differs in this part. */
    async function change(part: object): Promise<void> {
      const before = (await admin('/reload')).inForceSince
      await write(part)
      door.process.kill('SIGHUP')
      await until('the reload', async () => (await admin('/reload')).inForceSince !== before)
    }
    async function otherStore(): Promise<ScriptedStore> {
      return made.use(await startScriptedStore(() => 200))
    }
    async function locationOf(digest: string): Promise<string | undefined> {
      const target = `/v2/pause/blobs/${digest}`
      return (await exchange(door.port, { target, headers: { 'X-Forwarded-For': PARIS } })).headers.location
    }
    // biome-ignore lint/suspicious/noExplicitAny: what it is is what the tests are about.
    async function admin(target: string): Promise<any> {
      return JSON.parse((await exchange(door.adminPort, { target })).body)
    }
    async function backends(): Promise<Readonly<Record<string, Backend>>> {
      const { backends } = await admin('/backends')
      return Object.fromEntries(backends.map((backend: Backend) => [backend.id, backend]))
    }
  })
}
