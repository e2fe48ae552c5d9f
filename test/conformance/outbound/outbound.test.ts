import { mkdir, writeFile } from 'node:fs/promises'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import { createServer as createTlsServer } from 'node:tls'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { providers } from '../../../src/clouds/providers.ts'
import { type Azurite, startAzurite } from '../../support/azurite.ts'
import { runCommand, startCommand } from '../../support/command.ts'
import { makeBlob, makeManifest } from '../../support/content.ts'
import { type ForwardProxy, startForwardProxy } from '../../support/forward-proxy.ts'
import type { RuntimeName } from '../../support/portolan.ts'
import {
  makePrivateAuthority,
  noPrivateAuthority,
  type PrivateAuthority,
} from '../../support/private-authority.ts'
import { type S3Server, startS3Server } from '../../support/s3-server.ts'
import { type ScriptedCluster, startScriptedCluster } from '../../support/scripted-cluster.ts'
import { startScriptedRegistry } from '../../support/scripted-registry.ts'
import { makeTempFolder, type TempFolder } from '../../support/temp.ts'
import { takeTurns } from '../../support/turns.ts'
import { until } from '../../support/until.ts'

const CONFIG = makeBlob('config', 300)
const TOOL = { name: 'tool', tags: { '1.0': makeManifest(CONFIG) }, blobs: [CONFIG] }

/** Of all lists, one that is there. */
const SOURCES = providers.flatMap(({ id }) => [
  '--source',
  `${id}=${id === 'aws' ? 'https://registry.test/aws' : 'off'}`,
])

/** Addresses, since emulators take the first label of a name for an account or a bucket. */
const [S3, AZURE] = ['192.0.2.1', '192.0.2.2'] as const

/** In a network where only a proxy knows where anything is, and whose certificates come from an authority of its own. */
describe.skipIf(noPrivateAuthority !== undefined).each<RuntimeName>(['node', 'bun'])(
  'outbound calls on %s',
  (runtime) => {
    takeTurns('outbound calls', runtime)
    const made = new AsyncDisposableStack()
    let folder: TempFolder
    let authority: PrivateAuthority
    let proxy: ForwardProxy
    let s3: S3Server
    let azurite: Azurite
    let cluster: ScriptedCluster
    let proxied: Record<string, string>

    beforeAll(async () => {
      folder = made.use(await makeTempFolder())
      authority = made.use(await makePrivateAuthority(['registry.test']))
      const registry = made.use(await startScriptedRegistry({ repositories: [TOOL] }))
      s3 = made.use(await startS3Server())
      azurite = made.use(await startAzurite())
      cluster = made.use(
        await startScriptedCluster({ content: { 'v1/pods': [], 'v1/replicationcontrollers': [] } }),
      )
      const secure = made.use(await withTls(portOf(registry.origin), authority))
      proxy = made.use(
        await startForwardProxy({
          'registry.test': secure.port,
          [S3]: portOf(s3.origin),
          [AZURE]: portOf(azurite.endpoint),
          'cluster.test': portOf(cluster.origin),
        }),
      )
      proxied = { HTTPS_PROXY: proxy.url, HTTP_PROXY: proxy.url, ...s3.environment, ...azurite.environment }
    })
    afterAll(() => made.disposeAsync())
    beforeEach(() => (proxy.requests as string[]).splice(0))

    async function save(changes: object = {}): Promise<void> {
      const at = 'my-cloud/berlin'
      const config = {
        version: 1,
        listen: '127.0.0.1:0',
        admin: 'off',
        upstreams: [{ id: 'main', url: 'https://registry.test', at }],
        stores: [
          {
            id: 's3',
            url: 'https://a.test',
            at,
            fill: { s3: { bucket: s3.bucket, endpoint: `http://${S3}` } },
          },
          {
            ...{ id: 'azure', url: 'https://b.test', at },
            fill: {
              azureBlob: {
                container: azurite.container,
                endpoint: `http://${AZURE}/${azurite.account}`,
              },
            },
          },
        ],
        sync: { repositories: { list: ['tool'] } },
        ...changes,
      }
      await writeFile(join(folder.path, 'portolan.yaml'), JSON.stringify(config))
    }

    const sync = (words: readonly string[], env: Record<string, string>) =>
      runCommand(['sync', 'portolan.yaml', ...words], { folder: folder.path, env, runtime })

    /** The quickest to give up. */
    const hosts = (words: readonly string[], env: Record<string, string>) =>
      runCommand(['hosts', 'portolan.yaml', ...words], { folder: folder.path, env, runtime })

    it.each<[what: string, words: () => string[], more: () => Record<string, string>, changes: () => object]>(
      [
        ['--ca', () => ['--ca', authority.file], () => ({}), () => ({})],
        ['the config', () => [], () => ({}), () => ({ ca: authority.file })],
        ['the system', () => [], () => ({ SSL_CERT_FILE: authority.file }), () => ({})],
      ],
    )(
      'go through the proxy, the clouds’ own libraries too, with an authority from %s',
      async (_, words, more, changes) => {
        await save(changes())
        const { code, out, err } = await sync(words(), { ...proxied, ...more() })
        expect({ code, out, err }).toMatchObject({
          code: 0,
          out: expect.stringContaining('Every store is complete.'),
        })
        const hosts = new Set(
          proxy.requests.map((request) => /registry\.test|192\.0\.2\.\d/.exec(request)?.[0]),
        )
        expect([...hosts].sort()).toEqual([S3, AZURE, 'registry.test'])
        expect(proxy.requests).toContain('CONNECT registry.test:443')
      },
    )

    it('fail by name when nobody vouches for the other end', async () => {
      await save()
      const { code, err } = await hosts([], proxied)
      expect(code).not.toBe(0)
      expect(err).toMatch(/registry\.test.*certificate|upstream main: .*certificate/s)
    })

    it('go past the proxy where NO_PROXY says so', async () => {
      await save()
      const { code } = await hosts(['--ca', authority.file], { ...proxied, NO_PROXY: 'test' })
      expect(code).not.toBe(0)
      expect(proxy.requests).toEqual([])
    })

    it('are refused with the variable’s name when it is no proxy', async () => {
      await save()
      const { code, err } = await sync([], { ...proxied, HTTPS_PROXY: 'socks5://proxy.test' })
      expect({ code, err }).toMatchObject({
        code: 2,
        err: expect.stringContaining('HTTPS_PROXY "socks5://proxy.test"'),
      })
    })

    it('are those to the API of a cluster, too', async () => {
      const kubeconfig = join(folder.path, 'kubeconfig')
      await writeFile(kubeconfig, cluster.kubeconfig({}, { server: 'http://cluster.test' }))
      const words = ['scan', '--cluster', '--kubeconfig', kubeconfig]
      const { code, err } = await runCommand(words, { folder: folder.path, env: proxied, runtime })
      expect({ code, err }).toMatchObject({
        code: 0,
        err: expect.stringContaining('of http://cluster.test, 0 findings'),
      })
      expect(proxy.requests.join()).toContain('cluster.test')
    })

    it.each<[what: string, words: readonly string[]]>([
      ['hosts', ['hosts', 'portolan.yaml', '--image', 'tool:1.0']],
      ['explain', ['explain', 'tool:1.0', '--from', '192.0.2.9', '--config', 'portolan.yaml']],
      ['audit', ['audit', 'portolan.yaml']],
      ['ranges update', ['ranges', 'update', '--no-geo', ...SOURCES]],
    ])('are those of %s, too', async (_, words) => {
      await mkdir(join(folder.path, 'here'), { recursive: true })
      await save({ stores: [{ id: 'here', url: 'https://a.test', at: 'a/b', fill: { folder: 'here' } }] })
      const command = [...words, '--ca', authority.file]
      await runCommand(command, { folder: folder.path, env: proxied, runtime })
      expect(proxy.requests).toContain('CONNECT registry.test:443')
    })

    it('are those of a door, too', async () => {
      await save({ ca: authority.file, stores: [] })
      await using door = startCommand(['serve', 'portolan.yaml'], {
        folder: folder.path,
        env: proxied,
        runtime,
      })
      let log = ''
      door.process.stdout!.on('data', (chunk) => {
        log += chunk
      })
      await until('the upstream to enter traffic', () => log.includes('a backend entered traffic'))
      expect(proxy.requests).toContain('CONNECT registry.test:443')
    })
  },
)

/** TLS in front of a plain server. */
async function withTls(port: number, { key, certificate }: PrivateAuthority) {
  const server = createTlsServer({ key, cert: certificate }, (socket) => {
    const plain = connect(port, '127.0.0.1')
    socket.pipe(plain).pipe(socket)
    socket.on('error', () => plain.destroy())
    plain.on('error', () => socket.destroy())
  })
  server.on('tlsClientError', () => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.close()
    },
  }
}

function portOf(url: string): number {
  return Number(new URL(url).port)
}
