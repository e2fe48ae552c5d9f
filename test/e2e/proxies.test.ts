import { readFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { makeSampleImages } from '../../src/demo/images.ts'
import type { SampleWorld } from '../../src/demo/sample-world.ts'
import { type FolderServer, startFolderServer } from '../support/folder-server.ts'
import { type Portolan, startPortolan } from '../support/portolan.ts'
import { findProgram, runOk } from '../support/programs.ts'
import { PROXIES, type RunningProxy } from '../support/proxies.ts'
import { exchange } from '../support/raw-http.ts'
import { makeTempFolder } from '../support/temp.ts'
import { until } from '../support/until.ts'

for (const { name, program } of PROXIES) {
  if (program === undefined) console.warn(`a door behind ${name} is skipped; not on this machine`)
}

const made = new AsyncDisposableStack()
let world: SampleWorld
let store: FolderServer

beforeAll(async () => {
  const folder = made.use(await makeTempFolder())
  world = await makeSampleImages(join(folder.path, 'images'))
  store = made.use(await startFolderServer(world.folder))
})
afterAll(() => made.disposeAsync())

const { clients: CLIENTS } = parse(
  readFileSync(new URL('../../deploy/proxies/portolan.yaml', import.meta.url), 'utf8'),
)

/** A door that believes the proxy of this machine, as `deploy/proxies/portolan.yaml` says. */
function startDoor(words: readonly string[] = []): Promise<Portolan> {
  return startPortolan(
    {
      log: { addresses: 'full' },
      upstreams: [{ id: 'here', layout: world.folder, at: 'gcp/us-central1' }],
      stores: [{ id: 'paris', url: store.origin, blobs: 'blobs/{algorithm}/{encoded}', at: 'aws/eu-west-3' }],
      clients: CLIENTS,
      clouds: { places: [{ prefix: '127.0.0.2', at: 'aws/eu-west-3' }] },
    },
    'node',
    undefined,
    words,
  )
}

describe.each(PROXIES)('a door behind $name', (recipe) => {
  describe.skipIf(recipe.program === undefined)('as deploy/proxies has it', () => {
    let door: Portolan
    let proxy: RunningProxy
    let taken: Counted
    const stack = new AsyncDisposableStack()

    beforeAll(async () => {
      door = stack.use(await startDoor())
      taken = stack.use(await countConnections(door.port))
      proxy = stack.use(await recipe.start([{ port: taken.port, adminPort: door.adminPort }]))
    })
    afterAll(() => stack.disposeAsync())

    const lastLine = async (target: string) => {
      const found = () => door.log.findLast((line) => line.msg === 'request' && line.target === target)
      await until(`the line of ${target}`, () => found() !== undefined)
      return found()!
    }

    it('sees the client, whatever the client says of itself', async () => {
      const { digest } = world.blobs[0]!
      const target = `/v2/demo/hello/blobs/${digest}`
      const { status, headers } = await exchange(proxy.port, {
        target,
        from: '127.0.0.2',
        headers: { 'X-Forwarded-For': '203.0.113.9', Forwarded: 'for=203.0.113.9' },
      })
      expect({ status, location: headers.location }).toEqual({
        status: 307,
        location: `${store.origin}/blobs/${digest.replace(':', '/')}`,
      })
      expect(await lastLine(target)).toMatchObject({ client: 'aws/eu-west-3', address: '127.0.0.2' })
    })

    const digest = () => world.blobs[0]!.digest
    const targets: readonly (readonly [what: string, target: () => string])[] = [
      ['a digest with %3A', () => `/v2/demo/hello/blobs/${digest().replace(':', '%3A')}`],
      ['a digest with %3a', () => `/v2/demo/hello/blobs/${digest().replace(':', '%3a')}`],
      ['a query', () => '/v2/demo/hello/manifests/1.0?ns=registry.example%2Fx&a=%2B+b'],
      ['two slashes', () => `/v2//demo/hello/blobs/${digest()}`],
      ['slashes before all', () => '//v2/demo/hello/tags/list'],
      ['an encoded slash', () => `/v2/demo%2Fhello/blobs/${digest()}`],
      ['a name with a dot', () => '/v2/demo/./hello/manifests/1.0'],
      ['a way up', () => '/v2/demo/x/../hello/manifests/1.0'],
      ['an encoded way up', () => '/v2/demo/x/%2e%2e/hello/manifests/1.0'],
      ['an encoded letter', () => '/v2/demo/hell%6f/manifests/1.0'],
      ['a plus and a tilde', () => '/v2/demo/hello/manifests/1.0+a~b'],
      ['a list of tags', () => '/v2/demo/hello/tags/list?n=1&last='],
      ['nothing', () => '/'],
    ]

    it.each(['GET', 'HEAD'])(
      'passes every path on as it came, with %s, and answers as the door does',
      async (method) => {
        const differing: unknown[] = []
        for (const [what, make] of targets) {
          const target = make()
          const headers = { 'X-Forwarded-For': '127.0.0.2', Accept: '*/*' }
          const [direct, proxied] = await Promise.all([
            exchange(door.port, { method, target, headers }),
            exchange(proxy.port, { method, target, from: '127.0.0.2' }),
          ])
          const pick = ({ status, headers, body }: typeof direct) => ({
            ...{ status, body: headers['transfer-encoding'] === undefined ? body : '' },
            ...Object.fromEntries(
              ['location', 'content-type', 'content-length', 'docker-content-digest', 'cache-control'].map(
                (name) => [name, headers[name]],
              ),
            ),
          })
          try {
            expect(pick(proxied)).toEqual(pick(direct))
          } catch {
            differing.push({ what, target, direct: pick(direct), proxied: pick(proxied) })
          }
        }
        expect(differing).toEqual([])
      },
    )

    it('keeps a connection for many requests', async () => {
      const before = taken.count()
      for (let i = 0; i < 30; i++) await exchange(proxy.port, { target: `/v2/?${i}` })
      expect(taken.count() - before).toBeLessThanOrEqual(1)
    })

    const skopeo = findProgram('skopeo')
    it.skipIf(skopeo === undefined)('is pulled through', async () => {
      await using out = await makeTempFolder()
      await runOk(skopeo!, [
        ...['copy', '--quiet', '--src-tls-verify=false', '--all'],
        ...[`docker://127.0.0.1:${proxy.port}/demo/hello:1.0`, `oci:${out.path}/pulled:x`],
      ])
    })

    it.each([
      ['a way out of the root', '/../etc/passwd'],
      ['what is no path', '/%zz'],
      ['a target that is too long', `/v2/${'a'.repeat(9_000)}`],
    ])('refuses %s in words that a client reads', async (_, target) => {
      const { status, headers, body } = await exchange(proxy.port, { target })
      expect(status).toBeGreaterThanOrEqual(400)
      expect(headers['content-type']).toMatch(/^application\/json/)
      expect(JSON.parse(body)).toMatchObject({ errors: [{ code: expect.any(String) }] })
    })
  })

  it.skipIf(recipe.program === undefined)('of two, of which one ends, loses no request', async () => {
    await using staying = await startDoor()
    await using going = await startDoor(['--shutdown-delay', recipe.shutdownDelay])
    await using proxy = await recipe.start([staying, going])
    const statuses: number[] = []
    let isOver = false
    const asking = Promise.all(
      [1, 2, 3, 4].map(async () => {
        while (!isOver) statuses.push((await fetch(`http://127.0.0.1:${proxy.port}/v2/`)).status)
      }),
    )
    await until('both to be asked', () => [staying, going].every(({ log }) => requests(log) > 20))
    expect(await going.stop()).toBe(0)
    const then = requests(staying.log)
    await until('the other to go on', () => requests(staying.log) > then + 50)
    isOver = true
    await asking
    expect(statuses.filter((status) => status !== 200)).toEqual([])
  })

  it.skipIf(recipe.program === undefined)('that is gone says so in words that a client reads', async () => {
    await using door = await startDoor()
    await using proxy = await recipe.start([door])
    expect((await exchange(proxy.port, { target: '/v2/' })).status).toBe(200)
    await door.stop()
    const { status, headers, body } = await exchange(proxy.port, { target: '/v2/' })
    expect(status).toBe(503)
    expect(headers['content-type']).toBe('application/json')
    const { code, message } = recipe.unreachable
    expect(JSON.parse(body)).toEqual({ errors: [{ code, message: expect.stringMatching(message) }] })
  })
})

function requests(log: Portolan['log']): number {
  return log.filter(({ msg }) => msg === 'request').length
}

/** Stands before a port, and counts the connections to it. */
interface Counted extends AsyncDisposable {
  readonly port: number
  count(): number
}

async function countConnections(to: number): Promise<Counted> {
  let count = 0
  const server = createServer((client) => {
    count++
    const door = connect(to, '127.0.0.1')
    for (const [one, other] of [
      [client, door],
      [door, client],
    ] as const) {
      one.pipe(other)
      one.on('error', () => other.destroy())
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    count: () => count,
    async [Symbol.asyncDispose]() {
      server.close()
    },
  }
}
