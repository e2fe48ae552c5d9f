import { readFile, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Portolan, type RuntimeName, startPortolan } from '../../support/portolan.ts'
import { exchange, exchangeBytes } from '../../support/raw-http.ts'
import { FULL } from '../../support/sample.ts'
import { type ScriptedServer, startServer } from '../../support/scripted-registry.ts'
import { until } from '../../support/until.ts'

const PLACES = FULL ? 50_000 : 10_000
const FILE = 'version: 1\nlisten: 127.0.0.1:0\nadmin: 127.0.0.1:0\n'

/** What pages, files and registries can do to a door that an operator looks after. */
export function describeHostileToOperators(runtime: RuntimeName): void {
  describe(`a door on ${runtime} that an operator looks after`, () => {
    const made = new AsyncDisposableStack()
    let registry: ScriptedServer
    let door: Portolan
    let config: string

    beforeAll(async () => {
      registry = made.use(
        await startServer(() => (_, response) => {
          // A list of tags that nests without end.
          response.writeHead(200, { 'Content-Type': 'application/json' })
          response.end('['.repeat(30_000_000))
        }),
      )
      door = made.use(
        await startPortolan(
          {
            upstreams: [{ id: 'main', url: registry.origin, at: 'test/main' }],
            clouds: { sources: { gcp: 'https://lists.test/ranges?X-Amz-Signature=secret&version=2' } },
          },
          runtime,
        ),
      )
      config = await readFile(door.configFile, 'utf8')
    })
    afterAll(() => made.disposeAsync())

    const admin = async (target: string) => JSON.parse((await exchange(door.adminPort, { target })).body)

    it('answers no page that has its own name resolve to the admin service', async () => {
      const ask = (host: string) =>
        exchangeBytes(door.adminPort, `GET /config HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
      const own = await ask(`127.0.0.1:${door.adminPort}`)
      const other = await ask(`evil.com:${door.adminPort}`)
      expect([own.status, other.status]).toEqual([200, 403])
      expect(other.body).not.toContain(registry.origin)
    })

    it('shows no signature of an address in its config', async () => {
      const { body } = await exchange(door.adminPort, { target: '/config' })
      expect(body).toContain('https://lists.test/ranges')
      expect(body).not.toContain('secret')
    })

    it('answers for a list of tags that nests without end, and goes on', async () => {
      const reply = await exchange(door.port, { target: '/v2/app/tags/list' })
      expect(reply.status).toBeGreaterThanOrEqual(300)
      expect((await exchange(door.port, { target: '/v2/' })).status).toBe(200)
      // Made into values, these brackets were 1.5 GB.
      expect(await peakMegabytes(door)).toBeLessThan(600)
    })

    it.each([
      ['20,000 unknown keys', Array.from({ length: 20_000 }, (_, n) => `key${n}: 1\n`).join(''), 101],
      ['four million brackets', '['.repeat(4_000_000), 1],
    ])('goes on with what it has when its config becomes %s', async (_, text, faults) => {
      const before = (await admin('/reload')).last?.at
      await writeFile(door.configFile, `version: 1\n${text}`)
      door.process.kill('SIGHUP')
      await until('the refusal', async () => (await admin('/reload')).last?.at !== before, 60_000)
      expect((await admin('/reload')).last).toMatchObject({ ok: false })
      expect((await admin('/reload')).last.faults).toHaveLength(faults)
      expect((await exchange(door.port, { target: '/v2/' })).status).toBe(200)
    })

    it(`takes a config of ${PLACES} places, and finds clients by them`, async () => {
      const { inForceSince } = await admin('/reload')
      const places = Array.from(
        { length: PLACES },
        (_, n) => `    - { prefix: 10.${n >> 8}.${n & 255}.0/24, at: my/region-${n} }\n`,
      )
      const { upstreams } = JSON.parse(config)
      await writeFile(
        door.configFile,
        `${FILE}upstreams: ${JSON.stringify(upstreams)}\nclouds:\n  places:\n${places.join('')}`,
      )
      door.process.kill('SIGHUP')
      await until('the reload', async () => (await admin('/reload')).inForceSince !== inForceSince, 60_000)
      const last = PLACES - 1
      const query = new URLSearchParams({
        target: '/v2/app/manifests/1.0',
        from: `10.${last >> 8}.${last & 255}.9`,
      })
      expect((await admin(`/explain?${query}`)).client).toMatchObject({ place: `my/region-${last}` })
    })
  })
}

/** How much memory its process has had at once; 0 where the system does not say. */
async function peakMegabytes({ process: { pid } }: Portolan): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'latin1').catch(() => '')
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024
}
