import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MANIFEST_ACCEPT } from '../../src/oci/manifest.ts'
import { installedContainerds, startContainerd } from '../support/containerd.ts'
import { noDockerRegistry } from '../support/docker-registry.ts'
import { LOOPBACK, type OldNameWorld, startOldNameWorld, TREATMENTS } from '../support/old-name-world.ts'
import { findPrograms, type Ran, run, runOk } from '../support/programs.ts'
import {
  oldNameClients,
  pushChart,
  signImage,
  verifyWords,
} from '../support/pull-clients/old-name-clients.ts'
import type { StartedClient } from '../support/pull-clients/pull-client.ts'
import { exchangeBytes } from '../support/raw-http.ts'
import { FULL, sample } from '../support/sample.ts'
import { makeTempFolder, type TempFolder } from '../support/temp.ts'

const { found, missing } = findPrograms('skopeo')
const { found: tools } = findPrograms('crane', 'cosign', 'helm', 'docker')
const unable = missing ?? noDockerRegistry
if (unable !== undefined) console.warn(`clients do not pull by an old name; ${unable}`)

/** What people take for "gone": what is there must not be called so. */
const GONE = /not found|manifest.unknown|no such/i
const NEVER_HAD = 'is frozen since 2026-04-03 and never had'

type Described = { readonly digest: string; readonly size: number }
type Index = { readonly manifests: readonly Described[] }
type Manifest = { readonly layers: readonly Described[] }
type Tags = { readonly tags: readonly string[] }

const installed = await installedContainerds()
const noNode =
  findPrograms('containerd', 'crictl').missing ??
  (process.getuid?.() === 0 ? undefined : 'it runs as root only')

const made = new AsyncDisposableStack()
let folder: TempFolder
const all = await oldNameClients(() => folder.path)
for (const { name, missing } of all) {
  if (missing !== undefined) console.warn(`${name} does not pull by an old name; ${missing}`)
}
const clients = sample(
  'clients of an old name',
  all.filter(({ missing }) => missing === undefined),
  6,
)
let world: OldNameWorld

beforeAll(async () => {
  if (unable !== undefined) return
  folder = made.use(await makeTempFolder())
  world = made.use(
    await startOldNameWorld(async (registry) => {
      for (const under of TREATMENTS) {
        if (tools.helm) await pushChart(registry, under, folder.path)
      }
      await runOk(found.skopeo, [
        ...['copy', '--all', '--quiet', '--format=v2s2', '--src-tls-verify=false', '--dest-tls-verify=false'],
        ...[`docker://${registry}/warn/app:1.0`, `docker://${registry}/warn/docker:1.0`],
      ])
      if (tools.cosign === undefined) return
      for (const prefix of ['cosign', 'referrer']) {
        await runOk(tools.cosign, ['generate-key-pair', '--output-key-prefix', prefix], {
          cwd: folder.path,
          env: { PATH: process.env.PATH, HOME: folder.path, COSIGN_PASSWORD: '' },
        })
      }
      for (const under of ['warn', 'redirect']) await signImage(`${registry}/${under}/app:1.0`, folder.path)
    }),
  )
})
afterAll(() => made.disposeAsync())

describe.skipIf(unable !== undefined).each(clients)('$name, by an old name', (client) => {
  let started: StartedClient
  let own: string

  beforeAll(async () => {
    own = await mkdtemp(join(folder.path, 'client-'))
    started = await client.start(own)
  })
  afterAll(() => started?.[Symbol.asyncDispose]())

  /** Pulls, and gives what people see of it. */
  const pull = async (image: string): Promise<{ code: number | null; said: string }> => {
    const before = Date.now()
    const ran = await started.pull(world.old, image)
    if (FULL)
      console.info(`${client.name} ${image}: ${ran.code} in ${Date.now() - before} ms\n${saidOf(ran)}`)
    return { code: ran.code, said: saidOf(ran) }
  }
  const wayOut = (under: string) => `pull ${world.successor}/${under}/`

  it('pulls while it is warned, and shows the warning if it is one of those that do', async () => {
    const { code, said } = await pull(`warn/${client.image}`)
    expect({ code, said: code === 0 ? '' : said }).toEqual({ code: 0, said: '' })
    if (client.showsWarning)
      expect(said.match(/localhost is frozen since 2026-04-03 and ends on 20/g)).toHaveLength(1)
  })

  it('is told in a brownout that it is one, and does not wait for the end of it', async () => {
    const outage = await pull(`unavailable/${client.image}`)
    // Killed by nobody: it did not wait for Retry-After.
    expect(outage.code).toBeGreaterThan(0)
    expect(outage.said).not.toMatch(GONE)
    if (client.showsOutage) expect(outage.said).toContain(wayOut('unavailable'))
    else expect(outage.said).toContain('503')
    const denial = await pull(`denied/${client.image}`)
    expect(denial.code).toBeGreaterThan(0)
    expect(denial.said).not.toMatch(GONE)
    if (client.showsDenial) expect(denial.said).toContain(wayOut('denied'))
    else expect(denial.said).toContain('403')
  })

  it('pulls by a redirect to the new name', async ({ skip }) => {
    const isGoContainerRegistry = client.name === 'crane' || client.name === 'cosign'
    skip(
      isGoContainerRegistry && world.successor.startsWith(LOOPBACK),
      'it follows no redirect to an address of loopback, and this machine has no other name for it',
    )
    const { code, said } = await pull(`redirect/${client.image}`)
    expect({ code, said: code === 0 ? '' : said }).toEqual({ code: 0, said: '' })
  })

  it('is told when the old name is closed, and what it never had', async () => {
    const closed = await pull(`refuse/${client.image}`)
    expect(closed.code).toBeGreaterThan(0)
    if (client.showsDenial) expect(closed.said).toContain(wayOut('refuse'))
    const never = await pull(`warn/${client.image.replace(/:.*/, ':9.9.9')}`)
    expect(never.code).toBeGreaterThan(0)
    expect(never.said).toMatch(GONE)
    if (client.showsAbsence) expect(never.said).toContain(NEVER_HAD)
  })
})

describe.skipIf(unable !== undefined)('under an old name, as under the new one', () => {
  /** Of an old name, a tag or digest; the old name comes first. */
  const at = (rest: string) => `${world.old}/${rest}`
  const get = (target: string, { headers, ...init }: RequestInit = {}) =>
    fetch(`http://${world.old}${target}`, { headers: { Accept: MANIFEST_ACCEPT, ...headers }, ...init })
  const read = async <T>(target: string) => (await (await get(target)).json()) as T
  const digestOf = async (under: string) =>
    (await get(`/v2/${under}/app/manifests/1.0`, { method: 'HEAD' })).headers.get('docker-content-digest')!

  it.each(['warn', 'redirect'])(
    'in phase %s skopeo copies an image of all platforms, byte for byte',
    async (under) => {
      const sources = { old: at(under), today: `${world.registry.host}/${under}` }
      const index: Buffer[] = []
      for (const [name, source] of Object.entries(sources)) {
        const target = join(folder.path, `${under}-${name}`)
        await mkdir(target)
        await runOk(found.skopeo, [
          ...['copy', '--all', '--quiet', '--preserve-digests', '--src-tls-verify=false'],
          ...[`docker://${source}/app:1.0`, `oci:${target}:x`],
        ])
        index.push(await readFile(join(target, 'index.json')))
      }
      // It names the digest of all, which skopeo has verified.
      expect(index[0]).toEqual(index[1])
      // By digest there is no tag to be frozen.
      const digest = await digestOf(under)
      await runOk(found.skopeo, ['inspect', '--tls-verify=false', `docker://${at(under)}/app@${digest}`])
    },
  )

  const nodes = installed.filter(({ version }) => version.major >= 2).slice(0, 1)
  it.skipIf(noNode !== undefined).each(nodes)(
    'containerd $version.version, to whom it is a mirror, gets what it has, and goes to the next host in a brownout',
    async (containerd) => {
      const own = await mkdtemp(join(folder.path, 'mirrored-'))
      await mkdir(join(own, 'certs.d/sample.example'), { recursive: true })
      await writeFile(
        join(own, 'certs.d/sample.example/hosts.toml'),
        `server = "http://${world.registry.host}"\n[host."http://${world.old}"]\n  capabilities = ["pull", "resolve"]\n`,
      )
      const config = join(own, 'config.toml')
      await writeFile(config, containerdConfig(join(own, 'certs.d')))
      await using running = await startContainerd(containerd, { folder: own, config })
      for (const under of ['warn', 'redirect', 'unavailable', 'denied']) {
        const before = world.registry.requests().length
        const { code, stderr } = await running.pull(`sample.example/${under}/app:1.0`)
        expect({ under, code, stderr: code === 0 ? '' : stderr }).toEqual({ under, code: 0, stderr: '' })
        const asked = world.registry.requests().slice(before)
        // Whom it means is told to whoever is asked, the registry behind a redirect included.
        const direct = asked.filter((request) =>
          /^HEAD \S+\/manifests\/1\.0\?ns=sample\.example 200$/.test(request),
        )
        expect({ under, direct: direct.length }).toEqual({ under, direct: under === 'warn' ? 0 : 1 })
      }
    },
  )

  it.skipIf(tools.cosign === undefined).for<[under: string, key: string, words: string[]]>([
    ['warn', 'cosign', []],
    ['warn', 'referrer', ['--experimental-oci11']],
    ['redirect', 'cosign', []],
    ['redirect', 'referrer', ['--experimental-oci11']],
  ])('in phase %s cosign verifies what the key %s has signed', async ([under, key, more], { skip }) => {
    skip(under === 'redirect' && world.successor.startsWith(LOOPBACK), 'cosign follows no such redirect')
    const words = [...verifyWords(folder.path, key), ...more, at(`${under}/app:1.0`)]
    const env = { PATH: process.env.PATH, HOME: folder.path, COSIGN_EXPERIMENTAL: '1' }
    const { code, stderr } = await run(tools.cosign, words, { env })
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
  })

  it.skipIf(tools.docker === undefined)(
    'docker shows the manifest of an image in its own format',
    async () => {
      const env = { PATH: process.env.PATH, HOME: folder.path, DOCKER_CLI_EXPERIMENTAL: 'enabled' }
      const inspect = (image: string) =>
        runOk(tools.docker, ['manifest', 'inspect', '--insecure', image], { env })
      const today = JSON.parse(`${await inspect(`${world.registry.host}/warn/docker:1.0`)}`)
      expect(JSON.parse(`${await inspect(at('warn/docker:1.0'))}`)).toEqual(today)
      expect(today.manifests).toHaveLength(2)
    },
  )

  it('a download goes on by Range where it broke off, from the new name', async () => {
    const digest = await digestOf('redirect')
    const index = await read<Index>(`/v2/redirect/app/manifests/${digest}`)
    const { layers } = await read<Manifest>(`/v2/redirect/app/manifests/${index.manifests[0]!.digest}`)
    const blob = `/v2/redirect/app/blobs/${layers[0]!.digest}`
    const whole = Buffer.from(await (await get(blob)).arrayBuffer())
    expect(whole.length).toBe(layers[0]!.size)
    const rest = await get(blob, { headers: { Range: 'bytes=100000-' } })
    expect(rest.status).toBe(206)
    expect(new URL(rest.url).host).toBe(world.successor)
    expect(Buffer.from(await rest.arrayBuffer()).equals(whole.subarray(100_000))).toBe(true)
  })

  it('tags are those of the day on which it was frozen, on one page or on many', async () => {
    const listed = async (host: string) =>
      (await runOk(tools.crane, ['ls', '--insecure', `${host}/warn/app`])).toString().trim().split('\n')
    const { tags: before } = await read<Tags>('/v2/warn/app/tags/list')
    const newer = ['2.0', '10', '9']
    for (const tag of newer) {
      const words = ['copy', '--all', '--quiet', '--src-tls-verify=false', '--dest-tls-verify=false']
      const { host } = world.registry
      await runOk(found.skopeo, [
        ...words,
        `docker://${host}/warn/app:1.0`,
        `docker://${host}/warn/app:${tag}`,
      ])
    }
    const paged: string[] = []
    let next: string | undefined = '/v2/warn/app/tags/list?n=1'
    while (next !== undefined) {
      const page: Response = await get(next)
      const { tags } = (await page.json()) as Tags
      expect(tags).toHaveLength(1)
      paged.push(...tags)
      next = /^<([^>]+)>; rel="next"$/.exec(page.headers.get('link') ?? '')?.[1]
    }
    expect(paged).toEqual(before)
    expect(before).not.toContain('2.0')
    if (tools.crane === undefined) return
    expect((await listed(world.old)).sort()).toEqual([...before].sort())
    expect(await listed(`${LOOPBACK}:${world.door.port}`)).toEqual(expect.arrayContaining(newer))
  })

  it.each([
    ['HTTP/1.0 with a Host', 'GET /v2/warn/app/manifests/1.0 HTTP/1.0\r\nHost: localhost:1\r\n\r\n', 200],
    ['HTTP/1.0 without one', 'GET /v2/warn/app/manifests/1.0 HTTP/1.0\r\n\r\n', 307],
    [
      'an absolute target',
      'GET http://localhost/v2/warn/app/manifests/1.0 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
      200,
    ],
    [
      'the namespace of a mirror',
      'GET /v2/warn/app/manifests/1.0?ns=localhost HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
      200,
    ],
    [
      'an Accept without types of OCI',
      'GET /v2/warn/app/manifests/1.0 HTTP/1.1\r\nHost: localhost\r\nAccept: application/vnd.docker.distribution.manifest.v2+json\r\nConnection: close\r\n\r\n',
      200,
    ],
    [
      'the dot of the root',
      'GET /v2/warn/app/manifests/1.0 HTTP/1.1\r\nHost: LOCALHOST.:80\r\nConnection: close\r\n\r\n',
      200,
    ],
  ])('a request with %s is one like others', async (_, text, status) => {
    const reply = await exchangeBytes(world.door.port, text)
    expect(reply.status).toBe(status)
    expect(reply.headers.warning !== undefined).toBe(status === 200)
  })
})

/** Unpacks without mounts, which not every machine that runs tests allows. */
function containerdConfig(hosts: string): string {
  return `version = 3
[plugins."io.containerd.cri.v1.images"]
  snapshotter = "native"
[plugins."io.containerd.cri.v1.images".registry]
  config_path = "${hosts}"
[[plugins."io.containerd.transfer.v1.local".unpack_config]]
  platform = "linux/${process.arch === 'x64' ? 'amd64' : process.arch}"
  snapshotter = "native"
`
}

function saidOf({ stdout, stderr }: Ran): string {
  return `${stdout}${stderr}`
}
