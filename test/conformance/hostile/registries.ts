import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runCommand } from '../../support/command.ts'
import { makeBlob, makeManifest } from '../../support/content.ts'
import { status } from '../../support/list-server.ts'
import { type RuntimeName, startPortolan } from '../../support/portolan.ts'
import { exchange } from '../../support/raw-http.ts'
import {
  type SeenRequest,
  startScriptedRegistry,
  startTokenServer,
  type TokenServer,
} from '../../support/scripted-registry.ts'
import { makeTempFolder, type TempFolder } from '../../support/temp.ts'
import { until } from '../../support/until.ts'

const LOGIN = Buffer.from('jo:secret').toString('base64')
/** Where clouds answer their instances, and nobody answers here. */
const METADATA = '169.254.169.254'
const BLOB = makeBlob('blob')
const MANIFEST = makeManifest(BLOB)
const REPOSITORY = { name: 'app', tags: { '1.0': MANIFEST }, blobs: [BLOB] }

/** What a registry can do to who reads from it with a login. */
export function describeHostileRegistries(runtime: RuntimeName): void {
  describe(`a login on ${runtime}`, () => {
    let temp: TempFolder

    beforeEach(async () => {
      temp = await makeTempFolder()
    })
    afterEach(() => temp[Symbol.asyncDispose]())

    it.each([
      ['goes with the question for a token to the host of its registry', '127.0.0.1', [], `Basic ${LOGIN}`],
      ['does not go to another host that the registry names', 'localhost', [], undefined],
      ['goes to one that the config names', 'localhost', ['localhost'], `Basic ${LOGIN}`],
    ])('%s', async (_, host, tokenServices, authorization) => {
      await using tokens = await startTokenServer()
      const realm = tokens.realm.replace('127.0.0.1', host)
      await using registry = await startScriptedRegistry({
        repositories: [REPOSITORY],
        challenge: (seen) => challengeOf(tokens, realm, seen),
      })
      const { code, err } = await sync(registry, { tokenServices })
      expect({ code, err }).toMatchObject({ code: 0 })
      expect(new Set(tokens.requests.map(({ headers }) => headers.authorization))).toEqual(
        new Set([authorization]),
      )
      for (const { headers } of registry.requests)
        expect(headers.authorization ?? 'Bearer').toMatch(/^Bearer/)
    })

    it('is not asked for at an address that only this machine can reach', async () => {
      await using registry = await startScriptedRegistry({
        repositories: [REPOSITORY],
        challenge: () => `Bearer realm="http://${METADATA}/token",service="registry.test"`,
      })
      const { code, out, err } = await sync(registry, {})
      expect(code).not.toBe(0)
      expect(out + err).toContain(`sends us for a token to ${METADATA}, a link-local address`)
      expect(out + err).not.toContain(LOGIN)
    })

    it('does not follow a redirect to another origin', async () => {
      await using elsewhere = await startScriptedRegistry({ repositories: [REPOSITORY] })
      await using registry = await startScriptedRegistry({
        repositories: [REPOSITORY],
        challenge: ({ headers }) =>
          headers.authorization === `Basic ${LOGIN}` ? undefined : 'Basic realm="x"',
      })
      const path = `/v2/app/blobs/${BLOB.digest}`
      registry.script(path, (request, response) => {
        const isLoggedIn = request.headers.authorization === `Basic ${LOGIN}`
        const answer = isLoggedIn
          ? status(307, { Location: elsewhere.origin + path })
          : status(401, { 'WWW-Authenticate': 'Basic realm="x"' })
        answer(request, response)
      })
      const { code, err } = await sync(registry, {})
      expect({ code, err }).toMatchObject({ code: 0 })
      expect(elsewhere.requests.length).toBeGreaterThan(0)
      for (const { headers } of elsewhere.requests) expect(headers.authorization).toBeUndefined()
    })

    /** Fills a folder from a registry, with a login to it. */
    async function sync({ origin, host }: { origin: string; host: string }, upstream: object) {
      await mkdir(join(temp.path, 'store'))
      await mkdir(join(temp.path, '.docker'))
      await writeFile(
        join(temp.path, '.docker/config.json'),
        JSON.stringify({ auths: { [host]: { auth: LOGIN } } }),
      )
      const config = {
        version: 1,
        upstreams: [{ id: 'main', url: origin, at: 'test/main', ...upstream }],
        stores: [
          {
            id: 'near',
            url: 'http://near.test',
            at: 'test/near',
            fill: { folder: join(temp.path, 'store') },
          },
        ],
        sync: { repositories: { list: ['app'] }, referrers: false, journal: join(temp.path, 'journal') },
      }
      await writeFile(join(temp.path, 'portolan.yaml'), JSON.stringify(config))
      return runCommand(['sync', 'portolan.yaml', '--json'], { folder: temp.path, runtime })
    }
  })

  describe(`a registry that sends elsewhere whoever reads from it, on ${runtime}`, () => {
    it(`does not lead a check of its health to an address that only this machine can reach`, async () => {
      await using registry = await startScriptedRegistry({ repositories: [REPOSITORY] })
      const path = `/v2/app/manifests/${MANIFEST.digest}`
      registry.script(path, status(307, { Location: `http://${METADATA}/latest/meta-data/` }))
      await using door = await startPortolan(
        {
          upstreams: [
            { id: 'main', url: registry.origin, at: 'test/main', canary: `app@${MANIFEST.digest}` },
          ],
        },
        runtime,
      )
      const failure = async () => {
        const { body } = await exchange(door.adminPort, { target: '/backends' })
        return JSON.parse(body).backends[0].health.lastFailure as string | undefined
      }
      await until('the check', async () => (await failure()) !== undefined)
      expect(await failure()).toContain(`a redirect to ${METADATA}, a link-local address`)
    })
  })
}

function challengeOf(tokens: TokenServer, realm: string, { headers }: SeenRequest): string | undefined {
  return tokens.accepts(headers.authorization) ? undefined : `Bearer realm="${realm}",service="registry.test"`
}
