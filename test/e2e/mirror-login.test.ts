import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { hashSync } from 'bcryptjs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeSampleImages } from '../../src/demo/images.ts'
import { installedContainerds, startContainerd } from '../support/containerd.ts'
import { type Portolan, startPortolan } from '../support/portolan.ts'
import { findPrograms, run } from '../support/programs.ts'
import { DOCKER_CLIENT } from '../support/pull-clients/docker.ts'
import { TOOL_CLIENTS } from '../support/pull-clients/tools.ts'
import { makeTempFolder } from '../support/temp.ts'

const IMAGE = 'demo/team/nested/tool:v1.2.3'
const LOGIN = Buffer.from('ann:let me:in').toString('base64')

const CLIENTS = [...TOOL_CLIENTS, DOCKER_CLIENT]
for (const { name, missing } of CLIENTS) {
  if (missing !== undefined) console.warn(`${name} does not log in to a mirror; ${missing}`)
}
const containerds = await installedContainerds()
const noContainerd =
  findPrograms('crictl').missing ??
  (process.getuid?.() !== 0
    ? 'containerd runs as root only'
    : containerds.length === 0
      ? 'not on this machine: containerd'
      : undefined)
if (noContainerd !== undefined) console.warn(`containerd does not log in to a mirror; ${noContainerd}`)
const { found } = findPrograms('skopeo', 'podman', 'docker')

/** A mirror of two registries, one of which is for a user alone. */
describe('a mirror that knows its clients', () => {
  let made: AsyncDisposableStack
  let folder: string
  let mirror: Portolan
  let host: string

  beforeAll(async () => {
    made = new AsyncDisposableStack()
    folder = made.use(await makeTempFolder()).path
    const { folder: layout } = await makeSampleImages(join(folder, 'images'))
    await writeFile(join(folder, 'users'), `ann:${hashSync('let me:in', 6)}\n`)
    mirror = made.use(
      await startPortolan({
        delivery: 'relay',
        cache: { folder: join(folder, 'kept'), size: '1GiB' },
        clients: { htpasswd: join(folder, 'users') },
        upstreams: [
          { id: 'closed', layout, at: 'dc/x' },
          { id: 'open', layout, at: 'dc/x' },
        ],
        registries: [
          { host: 'closed.example', upstreams: ['closed'] },
          { host: 'open.example', names: ['localhost'], upstreams: ['open'], public: true },
        ],
      }),
    )
    host = `127.0.0.1:${mirror.port}`
  }, 60_000)
  afterAll(() => made.disposeAsync())

  /** A home with a login to the mirror as docker, podman and all others keep it. */
  async function home(name: string, isUser: boolean): Promise<string> {
    const path = join(folder, name, 'home')
    await mkdir(join(path, '.docker'), { recursive: true })
    const auths = isUser ? { [host]: { auth: LOGIN } } : {}
    await writeFile(join(path, '.docker/config.json'), JSON.stringify({ auths }))
    return path
  }

  describe.each(CLIENTS)('$name', (client) => {
    it.skipIf(client.missing !== undefined)(
      'pulls what is private with a login, and without one what is public alone',
      async () => {
        const pulled: Record<string, boolean> = {}
        for (const isUser of [true, false]) {
          const name = `${client.name}-${isUser}`
          await mkdir(join(folder, name))
          const before = process.env.DOCKER_CONFIG
          try {
            // Where it is kept has to be known to Docker's command, which takes the environment of this process.
            await using started = await client.start(join(folder, name))
            process.env.DOCKER_CONFIG = join(await home(name, isUser), '.docker')
            for (const registry of ['closed.example', 'open.example']) {
              const { code } = await started.pull(host, `${registry}/${IMAGE}`)
              pulled[`${isUser ? 'a user' : 'a stranger'}, ${registry}`] = code === 0
            }
            if (isUser) continue
            const { code } = await started.pull(`localhost:${mirror.port}`, IMAGE)
            pulled['a stranger, by the name of open.example'] = code === 0
          } finally {
            if (before === undefined) delete process.env.DOCKER_CONFIG
            else process.env.DOCKER_CONFIG = before
          }
        }
        expect(pulled).toEqual({
          'a user, closed.example': true,
          'a user, open.example': true,
          'a stranger, closed.example': false,
          // It gives up when the version check asks for a login: that is why registries have names.
          'a stranger, open.example': client.name !== 'docker',
          'a stranger, by the name of open.example': true,
        })
      },
      120_000,
    )
  })

  it.each([
    ['skopeo', (file: string) => ['login', '--tls-verify=false', '--authfile', file]],
    ['podman', (file: string) => ['login', '--tls-verify=false', '--authfile', file]],
    ['docker', (file: string) => ['--config', `${file}.d`, 'login']],
  ] as const)('%s logs in with the right password, and not with another', async (name, words) => {
    const program = found[name]
    if (program === undefined) return
    const env = { ...process.env, HOME: folder, DOCKER_CONFIG: join(folder, `${name}-login`) }
    const login = (password: string) =>
      run(program, [...words(join(folder, `${name}.json`)), '-u', 'ann', '-p', password, host], { env })
    expect((await login('guess')).code).not.toBe(0)
    expect(await login('let me:in')).toMatchObject({ code: 0 })
  })

  describe
    .skipIf(noContainerd !== undefined)
    .each(containerds.map((one) => [one.version.version, one] as const))(
    'containerd %s',
    (version, installed) => {
      /** Pulls by a mirror of hosts.toml, as containerd asks it: by ns. */
      async function pull(registry: string, header: string, words: readonly string[] = []): Promise<boolean> {
        const own = join(folder, `containerd-${version}-${Math.random()}`)
        await mkdir(join(own, 'certs/_default'), { recursive: true })
        const authorization =
          header === '' ? '' : `[host."http://${host}".header]\n  Authorization = "${header}"\n`
        await writeFile(
          join(own, 'certs/_default/hosts.toml'),
          `[host."http://${host}"]\n  capabilities = ["pull", "resolve"]\n${authorization}`,
        )
        const plugin =
          installed.version.major < 2 ? 'io.containerd.grpc.v1.cri' : 'io.containerd.cri.v1.images'
        const snapshotter =
          installed.version.major < 2
            ? '[plugins."io.containerd.grpc.v1.cri".containerd]\n  snapshotter = "native"\n'
            : `[plugins."io.containerd.cri.v1.images"]\n  snapshotter = "native"\n[[plugins."io.containerd.transfer.v1.local".unpack_config]]\n  platform = "linux/${process.arch === 'x64' ? 'amd64' : process.arch}"\n  snapshotter = "native"\n`
        await writeFile(
          join(own, 'config.toml'),
          `version = ${installed.version.major < 2 ? 2 : 3}\n[plugins."${plugin}".registry]\n  config_path = "${join(own, 'certs')}"\n${snapshotter}`,
        )
        await using containerd = await startContainerd(installed, {
          folder: own,
          config: join(own, 'config.toml'),
        })
        return (await containerd.pull(`${registry}/${IMAGE}`, words)).code === 0
      }

      it.each([
        ['with the header of hosts.toml', 'closed.example', `Basic ${LOGIN}`, [], true],
        ['with the login of a pull secret', 'closed.example', '', ['--creds', 'ann:let me:in'], true],
        ['without a login', 'closed.example', '', [], false],
        ['with a wrong one', 'closed.example', '', ['--creds', 'ann:guess'], false],
        ['without a login, what is public', 'open.example', '', [], true],
      ] as const)(
        '%s pulls from %s',
        async (_, registry, header, words, expected) => {
          expect(await pull(registry, header, words)).toBe(expected)
        },
        60_000,
      )
    },
  )
})
