import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeBlob, makeManifest, registryContent } from '../../support/content.ts'
import { type MisbehavingServer, startMisbehaving } from '../../support/misbehaving.ts'
import { type Portolan, type RuntimeName, startPortolan } from '../../support/portolan.ts'
import { exchange } from '../../support/raw-http.ts'
import { makeTempFolder } from '../../support/temp.ts'
import { until } from '../../support/until.ts'

/** What every request of these names in `Host`. */
const OLD = 'door.internal'
const BLOB = makeBlob('blob')
const MANIFEST = makeManifest(BLOB)
const HOUR = 3_600_000
/** What the new name has lost, though the list says that it is there. */
const LOST = makeManifest(BLOB, BLOB)
const TARGET = '/v2/app/manifests/1.0'

const later = (milliseconds: number) => new Date(Date.now() + milliseconds).toISOString()

/** An old name of a door over real sockets; the same on every runtime, with one process and with several. */
export function describeLegacy(runtime: RuntimeName): void {
  describe.each<[string, readonly string[]]>([
    ['of one process', []],
    ['of two workers', ['--workers', '2']],
  ])(`the old name of a door on ${runtime} %s`, (_, words) => {
    const made = new AsyncDisposableStack()
    let folder: string
    let upstream: MisbehavingServer
    let door: Portolan

    const fileOf = (name: string) => join(folder, name)
    const list = (counts: object = {}) => ({
      ...{ version: 1, host: OLD, listedFrom: 'x', listed: later(0), successor: 'new.example' },
      checked: later(0),
      counts: {
        ...{ repositories: 1, tags: 1, manifests: 1, blobs: 1, referrers: 0 },
        ...{ missing: 0, different: 0, unknown: 0, excepted: 0, ...counts },
      },
      findings: [],
      repositories: { app: { tags: { '1.0': MANIFEST.digest, lost: LOST.digest } } },
    })
    const ask = (target = TARGET, headers: Record<string, string> = {}) =>
      exchange(door.port, { target, headers })

    beforeAll(async () => {
      folder = made.use(await makeTempFolder()).path
      upstream = made.use(
        await startMisbehaving({
          content: registryContent({ name: 'app', tags: { '1.0': MANIFEST }, blobs: [BLOB] }),
        }),
      )
      await writeFile(fileOf('list.json'), JSON.stringify(list()))
      const phases = [
        {
          phase: 'warn',
          from: later(-HOUR),
          cohort: { when: { prefix: ['198.51.100.0/24', '2001:db8::/32'] } },
        },
        { phase: 'brownout', from: later(-HOUR), until: later(HOUR), cohort: { share: '10 %' } },
        { phase: 'refuse', from: later(-HOUR), cohort: { when: { repository: ['closed/**'] } } },
      ]
      const legacy = {
        ...{ host: OLD, successor: 'new.example', frozen: '2026-01-01', phases },
        ...{ list: fileOf('list.json'), off: fileOf('off'), record: fileOf('record.json') },
        failures: { share: '5 %', least: 20 },
      }
      const config = {
        upstreams: [{ id: 'main', url: upstream.origin, at: 'test/main' }],
        clients: { trustedProxies: ['127.0.0.1'] },
        ...{ legacy, log: { access: false } },
      }
      door = made.use(await startPortolan(config, runtime, undefined, words))
    })
    afterAll(() => made.disposeAsync())

    const WARNED = { 'X-Forwarded-For': '198.51.100.9' }
    /** Each of a network of its own. */
    const networks = Array.from({ length: 100 }, (_, index) => ({ 'X-Forwarded-For': `203.${index}.113.5` }))
    const statuses = () => Promise.all(networks.map(async (headers) => (await ask(TARGET, headers)).status))

    /** Whether each of several connections, to whichever process, was given the warning. */
    const warned = () =>
      Promise.all(
        Array.from({ length: 12 }, async () => (await ask(TARGET, WARNED)).headers.warning !== undefined),
      )
    const states = async () => {
      const report = await (await fetch(`http://127.0.0.1:${door.adminPort}/legacy`)).json()
      return (report as { phases: { id: string; state: string }[] }).phases.map(
        (each) => `${each.id} ${each.state}`,
      )
    }

    it('answers a manifest itself, with the warning that no redirect could carry', async () => {
      const reply = await ask(TARGET, WARNED)
      expect(reply).toMatchObject({
        status: 200,
        headers: {
          warning: `299 - "${OLD} is frozen since 2026-01-01: pull new.example/app:1.0 instead"`,
          'docker-content-digest': MANIFEST.digest,
          link: '<https://new.example/v2/app/manifests/1.0>; rel="successor-version"',
        },
      })
      expect(reply.body).toBe(Buffer.from(MANIFEST.bytes).toString('latin1'))
      expect(await ask(`/v2/app/blobs/${BLOB.digest}`, WARNED)).toMatchObject({ status: 307 })
    })

    it('refuses a tenth of all networks for an hour, the same ones whoever answers', async () => {
      const first = await statuses()
      const refused = first.filter((status) => status === 503).length
      expect(refused).toBeGreaterThan(1)
      expect(refused).toBeLessThan(25)
      expect(new Set(first)).toEqual(new Set([307, 503]))
      for (let round = 0; round < 3; round++) expect(await statuses()).toEqual(first)
    })

    it('says of what was never there where it is', async () => {
      const reply = await ask('/v2/app/manifests/1.27', WARNED)
      expect(reply.status).toBe(404)
      expect(JSON.parse(reply.body).errors).toMatchObject([
        { code: 'MANIFEST_UNKNOWN', message: expect.stringMatching(/pull new\.example\/app:1\.27$/) },
      ])
      expect(await ask('/v2/closed/x/manifests/1', WARNED)).toMatchObject({ status: 403 })
    })

    it('shows people a page', async () => {
      const { status, headers, body } = await ask('/')
      expect({ status, type: headers['content-type'] }).toEqual({
        status: 200,
        type: 'text/html; charset=utf-8',
      })
      expect(body).toContain(`<h1>${OLD} is now new.example</h1>`)
    })

    it('stops a phase by its switch, and goes on when that is gone', async () => {
      await writeFile(fileOf('off'), 'brownout-1\n')
      await until('no refusals', async () => !(await statuses()).includes(503), 5000)
      await rm(fileOf('off'))
      await until('refusals', async () => (await statuses()).includes(503), 5000)
    })

    it('stops all phases when something is lost at the new name', async () => {
      await writeFile(fileOf('list.json'), JSON.stringify(list({ missing: 1 })))
      await until('no warning from anybody', async () => !(await warned()).includes(true))
      await writeFile(fileOf('list.json'), JSON.stringify(list()))
      await until('a warning from everybody', async () => !(await warned()).includes(false))
    })

    it('ends a phase whose clients fail, in every process, and writes that down', async () => {
      for (let network = 0; network < 60; network++) {
        // Each of a network that the phase is for.
        await ask('/v2/app/manifests/lost', { 'X-Forwarded-For': `2001:db8:${network.toString(16)}::9` })
      }
      await until('its end', async () => (await states()).includes('warn-1 ended'))
      await until('no warning from anybody', async () => !(await warned()).includes(true))
      await until('a line of it', () =>
        door.log.some(
          ({ msg, phase }) => `${phase} ${msg}` === 'warn-1 a phase of an old name has ended by itself',
        ),
      )
      expect(await states()).toEqual(['warn-1 ended', 'brownout-1 on', 'refuse-1 on'])
    })
  })
}
