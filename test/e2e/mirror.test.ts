import { createCipheriv } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { hashSync } from 'bcryptjs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addImage, addLayer } from '../../src/demo/sample-layers.ts'
import type { NodeMirror } from '../../src/migrate/mirror-config/node-mirror.ts'
import { LayoutWriter } from '../../src/storage/fs/layout-writer.ts'
import { startCountingRelay } from '../support/counting-relay.ts'
import {
  containerdMirrorClients,
  type MirrorClient,
  TOOL_MIRROR_CLIENTS,
  USER,
} from '../support/mirror-clients.ts'
import { type MirroredWorld, startMirroredWorld } from '../support/mirrored-world.ts'
import { type Portolan, startPortolan } from '../support/portolan.ts'
import {
  type Issued,
  makePrivateAuthority,
  noPrivateAuthority,
  type PrivateAuthority,
} from '../support/private-authority.ts'
import { findPrograms, runOk } from '../support/programs.ts'
import { makeTempFolder } from '../support/temp.ts'
import { startUnpluggableRegistry } from '../support/unpluggable-registry.ts'

const MIB = 1024 * 1024

const clients = [...(await containerdMirrorClients()), ...TOOL_MIRROR_CLIENTS]
for (const { name, missing } of clients) {
  if (missing !== undefined) console.warn(`pulls by ${name} through a mirror are skipped; ${missing}`)
}

/** The mirror as machines are told of it. */
function asNodes({ port }: Portolan): NodeMirror {
  return {
    scheme: 'http',
    authority: `127.0.0.1:${port}`,
    registries: [{ host: 'sample.example', path: 'sample.example', names: [] }],
    asksForPassword: false,
    asksForCertificate: false,
  }
}

describe('a mirror whose registry is unplugged', () => {
  let registry: MirroredWorld

  beforeAll(async () => {
    registry = await startMirroredWorld()
  })
  afterAll(() => registry?.[Symbol.asyncDispose]())

  const pull = async (client: MirrorClient, mirror: Portolan) => {
    await using folder = await makeTempFolder()
    const { code, stderr } = await client.pull(asNodes(mirror), 'demo/hello:1.0', folder.path)
    return { code, ...(code !== 0 && { stderr }) }
  }

  it.for(clients)('gives $name what it has pulled before', async (client, { skip }) => {
    if (client.missing !== undefined) skip(client.missing)
    await registry.forget()
    await registry.plugIn()
    const seen = registry.asked.length
    await using mirror = await startPortolan({
      ...registry.config(),
      registries: [
        { host: 'sample.example', upstreams: ['sample'] },
        { host: 'docker.io', names: ['localhost'], upstreams: ['hub'] },
      ],
      upstreams: ['sample', 'hub'].map((id) => ({ id, url: registry.origin, at: 'anycast' })),
      // So that each tag has to be confirmed, and cannot be.
      revalidate: { after: '0ms' },
    })
    expect(await pull(client, mirror)).toEqual({ code: 0 })
    const fetched = registry.asked.slice(seen).filter((line) => /^GET .*\/blobs\//.test(line))
    expect(fetched.length).toBeGreaterThan(3)
    expect(new Set(fetched).size).toBe(fetched.length)
    await registry.unplug()
    expect(await pull(client, mirror)).toEqual({ code: 0 })
  })
})

describe.skipIf(noPrivateAuthority !== undefined)('a mirror that does not let everybody in', () => {
  const made = new AsyncDisposableStack()
  let registry: MirroredWorld
  let authority: PrivateAuthority
  let machine: Issued
  let byPassword: Portolan
  let byBoth: Portolan

  beforeAll(async () => {
    registry = made.use(await startMirroredWorld())
    const folder = made.use(await makeTempFolder()).path
    authority = made.use(await makePrivateAuthority(['127.0.0.1']))
    machine = await authority.issue(['node.example'])
    const files = {
      users: join(folder, 'users'),
      certificate: join(folder, 'tls.crt'),
      key: join(folder, 'tls.key'),
    }
    await writeFile(files.users, `${USER.name}:${hashSync(USER.password, 4)}\n`)
    await writeFile(files.certificate, authority.certificate)
    await writeFile(files.key, authority.key)
    const config = (kept: string) => ({
      ...registry.config(),
      cache: { folder: join(folder, kept), size: '1GiB' },
      clients: { htpasswd: files.users },
    })
    const tls = { certificate: files.certificate, key: files.key, clientCA: authority.file }
    byPassword = made.use(await startPortolan(config('a')))
    byBoth = made.use(await startPortolan({ ...config('b'), tls }))
  })
  afterAll(() => made.disposeAsync())

  const asking = clients.filter(({ name }) => !/^(?:crane|dockerd|podman)/.test(name))
  it.for(asking)('lets $name in by the settings of node-config', async (client, { skip }) => {
    if (client.missing !== undefined) skip(client.missing)
    const isSecure = client.showsCertificate === true
    const mirror: NodeMirror = {
      ...asNodes(isSecure ? byBoth : byPassword),
      ...(isSecure && {
        scheme: 'https',
        authorityCertificate: authority.issuer,
        asksForCertificate: true,
      }),
      asksForPassword: true,
    }
    await using folder = await makeTempFolder()
    if (isSecure) {
      await mkdir(join(folder.path, 'mirror'))
      await writeFile(join(folder.path, 'mirror/client.crt'), machine.certificate)
      await writeFile(join(folder.path, 'mirror/client.key'), machine.key)
    }
    const { code, stderr } = await client.pull(mirror, 'demo/hello:1.0', folder.path)
    expect({ code, ...(code !== 0 && { stderr }) }).toEqual({ code: 0 })
  })
})

const { found, missing } = findPrograms('skopeo', 'crane')
describe.skipIf(missing !== undefined)('behind an air gap', () => {
  it('a mirror gives what skopeo has put into a tree of layouts, as docs/mirror.md has it', async () => {
    await using registry = await startMirroredWorld()
    const image = registry.world.images.find(({ name }) => name === 'demo/hello')!
    const stick = join(registry.folder, 'stick')
    await mkdir(join(stick, 'registry.k8s.io/demo'), { recursive: true })
    await runOk(found.skopeo, [
      ...['copy', '--all', '--quiet', '--src-tls-verify=false'],
      `docker://${new URL(registry.origin).host}/demo/hello:1.0`,
      `oci:${stick}/registry.k8s.io/demo/hello:1.0`,
    ])
    await registry.unplug()
    await using mirror = await startPortolan({
      delivery: 'relay',
      cache: 'off',
      registries: [{ host: 'registry.k8s.io', upstreams: ['k8s'] }],
      upstreams: [{ id: 'k8s', layout: join(stick, 'registry.k8s.io'), at: 'dc/here' }],
    })
    const name = `127.0.0.1:${mirror.port}/registry.k8s.io/demo/hello:1.0`
    expect(String(await runOk(found.crane, ['digest', '--insecure', name])).trim()).toBe(image.digest)
    await runOk(found.crane, ['validate', '--insecure', '--remote', name])
  })
})

describe('a large blob that nobody has pulled before', async () => {
  const ranges = `[plugins."io.containerd.transfer.v1.local"]
  max_concurrent_downloads = 8
  concurrent_layer_fetch_buffer = ${8 * MIB}
`
  const newer = (await containerdMirrorClients(ranges)).filter(({ name }) => !/ 1\./.test(name))
  const SIZE = 64 * MIB

  it.for(newer)('comes to $name in parts of 8 MiB, and from the registry once', async (client, { skip }) => {
    if (client.missing !== undefined) skip(client.missing)
    await using folder = await makeTempFolder()
    const layout = join(folder.path, 'layout')
    await writeLargeImage(layout, SIZE)
    await using registry = await startUnpluggableRegistry(layout)
    await using relay = await startCountingRelay(registry.origin)
    await using mirror = await startPortolan({
      delivery: 'relay',
      cache: { folder: join(folder.path, 'kept'), size: '1GiB' },
      log: { access: true },
      registries: [{ host: 'sample.example', upstreams: ['sample'] }],
      upstreams: [{ id: 'sample', url: relay.origin, at: 'anycast' }],
    })
    await using own = await makeTempFolder()
    const { code, stderr } = await client.pull(asNodes(mirror), 'large/image:1', own.path)
    expect({ code, ...(code !== 0 && { stderr }) }).toEqual({ code: 0 })
    const parts = mirror.log.filter(
      ({ status, target }) => status === 206 && /\/blobs\//.test(String(target)),
    )
    console.info(
      `${client.name}: ${parts.length} parts; ${(relay.sent / SIZE).toFixed(3)} × the blob from the registry`,
    )
    expect(parts.length).toBeGreaterThan(2)
    expect(relay.sent).toBeLessThan(1.1 * SIZE)
  })
})

async function writeLargeImage(folder: string, size: number): Promise<void> {
  const layout = new LayoutWriter(folder)
  const bytes = createCipheriv('aes-256-ctr', Buffer.alloc(32, 1), Buffer.alloc(16)).update(
    Buffer.alloc(size),
  )
  const layer = await addLayer(layout, [{ path: 'large.bin', bytes }])
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch
  const image = await addImage(layout, { os: 'linux', architecture }, ['/bin/true'], [layer])
  layout.enter(image, 'large/image:1')
  await layout.finish()
}
