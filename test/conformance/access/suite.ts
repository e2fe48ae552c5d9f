import { writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { hashSync } from 'bcryptjs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  blobOf as contentOf,
  makeBlob,
  makeManifest,
  type TestBlob,
  type TestRepository,
} from '../../support/content.ts'
import { type Portolan, type RuntimeName, startPortolan } from '../../support/portolan.ts'
import { type ScriptedRegistry, startScriptedRegistry } from '../../support/scripted-registry.ts'
import { makeTempFolder } from '../../support/temp.ts'
import { type PrivateRegistry, startPrivateRegistry } from './private-registry.ts'

const USER = `Basic ${btoa('ann:letmein')}`
const STRANGER = `Basic ${btoa('ann:guess')}`

function repository(name: string): TestRepository & { readonly config: ReturnType<typeof makeBlob> } {
  const config = makeBlob(`${name} config`, 300)
  const layer = makeBlob(`${name} layer`, 5_000)
  return { name, tags: { v1: makeManifest(config, layer) }, blobs: [config, layer], config }
}

const APP = repository('app')
const OTHER = repository('other')
const PAUSE = repository('pause')
/** What anybody may push to a registry that does not look whether it has what a manifest names. */
const CLAIMED: TestRepository = {
  name: 'claimed',
  tags: {
    v1: makeManifest(...(APP.blobs.toReversed() as [TestBlob, TestBlob])),
    index: indexOf(APP.tags.v1!),
  },
  blobs: [],
}
/** The same, at one that has the blobs too. */
const SHARED: TestRepository = { name: 'shared', tags: { v1: APP.tags.v1! }, blobs: APP.blobs }

function indexOf({ bytes, digest, type }: TestBlob): TestBlob {
  const mediaType = 'application/vnd.oci.image.index.v1+json'
  const manifests = [{ mediaType: type, digest, size: bytes.length }]
  return contentOf(Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, manifests })), mediaType)
}

/** Who may read what of a mirror, and by what it reads itself, whatever runtime it is on. */
export function describeAccess(runtime: RuntimeName): void {
  describe(`on ${runtime}`, () => {
    const made = new AsyncDisposableStack()
    let upstream: PrivateRegistry
    let open: ScriptedRegistry
    let mirror: Portolan
    let passwordFile: string

    beforeAll(async () => {
      upstream = made.use(await startPrivateRegistry('first-secret', [APP, OTHER]))
      open = made.use(await startScriptedRegistry({ repositories: [PAUSE, CLAIMED, SHARED] }))
      const folder = made.use(await makeTempFolder())
      passwordFile = join(folder.path, 'password')
      await writeFile(passwordFile, 'first-secret\n')
      await writeFile(join(folder.path, 'users'), `ann:${hashSync('letmein', 4)}\n`)
      const config = {
        delivery: 'relay',
        cache: { folder: join(folder.path, 'kept'), size: '1GiB' },
        revalidate: { after: '0ms' },
        clients: { htpasswd: join(folder.path, 'users') },
        upstreams: [
          {
            ...{ id: 'private', url: upstream.origin, at: 'dc/x' },
            credentials: { username: 'mirror', passwordFile },
          },
          { id: 'open', url: open.origin, at: 'dc/x' },
        ],
        registries: [
          { host: 'private.example', names: ['private.mirror'], upstreams: ['private'] },
          { host: 'open.example', names: ['open.mirror'], upstreams: ['open'], public: true },
        ],
      }
      mirror = made.use(await startPortolan(config, runtime))
    }, 60_000)
    afterAll(() => made.disposeAsync())

    async function ask(path: string, authorization?: string, { host = 'mirror', method = 'GET' } = {}) {
      const headers = { Host: host, ...(authorization !== undefined && { Authorization: authorization }) }
      return new Promise<{ status: number; challenge: string | undefined; warning: unknown; body: Buffer }>(
        (resolve, reject) => {
          const to = { host: '127.0.0.1', port: mirror.port, path, method, headers, agent: false }
          request(to, async (response) => {
            const body = await buffer(response)
            const { warning, 'www-authenticate': challenge } = response.headers
            resolve({ status: response.statusCode!, challenge, warning, body })
          })
            .on('error', reject)
            .end()
        },
      )
    }

    const blobOf = (name: string, { digest }: { digest: string }) => `/v2/${name}/blobs/${digest}`

    it('gives what is private to those whom the file names, and asks the upstream with its own login', async () => {
      const { status, body } = await ask('/v2/private.example/app/manifests/v1', USER)
      expect(status).toBe(200)
      expect(body).toEqual(APP.tags.v1!.bytes)
      expect((await ask(blobOf('private.example/app', APP.config), USER)).body).toEqual(APP.config.bytes)
      expect(upstream.logins.filter((login) => login !== 'mirror:first-secret')).toEqual([])
      const shown = upstream.registry.requests.map(({ headers }) => headers.authorization)
      expect(shown.filter((header) => header?.startsWith('Basic'))).toEqual([])
    })

    it.each([
      ['the version check', '/v2/'],
      ['a tag', '/v2/private.example/app/manifests/v1'],
      ['a tag by ns', '/v2/app/manifests/v1?ns=private.example'],
      ['a kept manifest', `/v2/private.example/app/manifests/${APP.tags.v1!.digest}`],
      ['a kept blob', blobOf('private.example/app', APP.config)],
      ['what is nowhere', blobOf('private.example/none', PAUSE.config)],
      ['tags', '/v2/private.example/app/tags/list'],
      ['referrers', `/v2/private.example/app/referrers/${APP.tags.v1!.digest}`],
      ['the catalog', '/v2/_catalog'],
    ])('asks who it is that wants %s', async (_, path) => {
      for (const authorization of [undefined, STRANGER, 'Bearer abc']) {
        for (const method of ['GET', 'HEAD']) {
          const reply = await ask(path, authorization, { method })
          expect(reply).toMatchObject({ status: 401, challenge: 'Basic realm="portolan"' })
          expect(reply.body.length > 0).toBe(method === 'GET')
        }
      }
    })

    it.each([
      ['in the public registry', '/v2/open.example/pause', undefined],
      ['in the public registry, by ns', '/v2/pause', undefined, '?ns=open.example'],
      ['in the public registry, with a login of elsewhere', '/v2/open.example/pause', STRANGER],
      ['in another repository of the same registry', '/v2/private.example/other', USER],
    ])(
      'gives nobody a blob that is private to one repository: %s',
      async (_, at, authorization, query = '') => {
        await ask(blobOf('private.example/app', APP.config), USER)
        const path = `${at}/blobs/${APP.config.digest}${query}`
        for (const method of ['GET', 'HEAD']) {
          expect((await ask(path, authorization, { method })).status).toBe(404)
        }
        const manifest = `${at}/manifests/${APP.tags.v1!.digest}${query}`
        expect((await ask(manifest, authorization)).status).toBe(404)
      },
    )

    it('gives nobody what is private because a manifest of a public repository names it', async () => {
      for (const path of ['manifests/v1', `manifests/${APP.tags.v1!.digest}`]) {
        expect((await ask(`/v2/private.example/app/${path}`, USER)).status).toBe(200)
      }
      await ask(blobOf('private.example/app', APP.config), USER)
      expect((await ask('/v2/open.example/claimed/manifests/v1')).status).toBe(200)
      expect((await ask('/v2/open.example/claimed/manifests/index')).status).toBe(200)
      for (const method of ['GET', 'HEAD']) {
        const blob = await ask(blobOf('open.example/claimed', APP.config), undefined, { method })
        expect(blob.status).toBe(404)
      }
      const manifest = `/v2/open.example/claimed/manifests/${APP.tags.v1!.digest}`
      expect((await ask(manifest)).status).toBe(404)
    })

    it('gives what is public too, asking its registry once whether it has it', async () => {
      await ask(blobOf('private.example/app', APP.config), USER)
      expect((await ask('/v2/open.example/shared/manifests/v1')).status).toBe(200)
      const path = blobOf('open.example/shared', APP.config)
      for (const _ of [1, 2, 3]) expect((await ask(path)).body).toEqual(APP.config.bytes)
      const asked = open.requests.filter((request) => request.path === blobOf('shared', APP.config))
      expect(asked.map(({ method }) => method)).toEqual(['HEAD'])
    })

    it('lets everybody read what is public, whatever login they bring', async () => {
      for (const authorization of [undefined, STRANGER, USER, 'Bearer abc']) {
        expect((await ask('/v2/open.example/pause/manifests/v1', authorization)).status).toBe(200)
        expect((await ask('/v2/pause/manifests/v1?ns=open.example', authorization)).status).toBe(200)
      }
      const shown = open.requests.map(({ headers }) => headers.authorization)
      expect(shown.filter((header) => header !== undefined)).toEqual([])
    })

    it.each([
      ['by the name of the public registry', 'open.mirror', undefined, 200],
      ['by the name of the other', 'private.mirror', undefined, 401],
      ['by the name of both', 'mirror', undefined, 401],
      ['with a login', 'mirror', USER, 200],
      ['with a wrong one', 'mirror', STRANGER, 401],
    ])('answers the version check %s', async (_, host, authorization, status) => {
      expect((await ask('/v2/', authorization, { host })).status).toBe(status)
    })

    it('does not ask who it is that wants what no registry is', async () => {
      expect((await ask('/v2/app/manifests/v1?ns=nowhere.example')).status).toBe(404)
      expect((await ask('/')).status).toBe(404)
    })

    it('takes a password that was replaced, without an error to anybody', async () => {
      await ask('/v2/private.example/app/manifests/v1', USER)
      const before = upstream.logins.length
      await writeFile(passwordFile, 'second-secret\n')
      upstream.rotate('second-secret')
      const replies = await Promise.all(
        [1, 2, 3, 4].map(() => ask('/v2/private.example/app/manifests/v1', USER)),
      )
      expect(replies.map(({ status, warning }) => [status, warning])).toEqual(Array(4).fill([200, undefined]))
      expect(new Set(upstream.logins.slice(before))).toEqual(new Set(['mirror:second-secret']))
    })

    it('gives what it keeps when its login is taken no more, and says that it is old', async () => {
      await ask('/v2/private.example/app/manifests/v1', USER)
      upstream.rotate('nobody-knows')
      for (const _ of [1, 2, 3]) {
        const { status, warning, body } = await ask('/v2/private.example/app/manifests/v1', USER)
        expect({ status, warning }).toEqual({ status: 200, warning: expect.stringMatching(/^299 /) })
        expect(body).toEqual(APP.tags.v1!.bytes)
      }
      const { status, challenge } = await ask('/v2/private.example/never/manifests/v1', USER)
      expect([403, 502]).toContain(status)
      expect(challenge).toBeUndefined()
    })

    it('shows nobody a password', async () => {
      const config = await (await fetch(`http://127.0.0.1:${mirror.adminPort}/config`)).text()
      expect(config).toContain(passwordFile)
      expect(config + JSON.stringify(mirror.log)).not.toMatch(/first-secret|second-secret|letmein|\$2b\$/)
    })
  })
}
