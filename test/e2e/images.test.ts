import { once } from 'node:events'
import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeSampleImages } from '../../src/demo/images.ts'
import { type FolderServer, startFolderServer } from '../support/folder-server.ts'
import { buildImages, type Images, noImages } from '../support/images.ts'
import { ON_THIS_MACHINE } from '../support/podman.ts'
import { findFreePort } from '../support/ports.ts'
import { findPrograms, runOk } from '../support/programs.ts'
import { makeTempFolder } from '../support/temp.ts'
import { until } from '../support/until.ts'

const { found, missing } = findPrograms('skopeo')
const unable = missing ?? noImages
if (unable !== undefined) console.warn(`images of deploy/docker are not built; ${unable}`)

const MB = 1_000_000
/** What Docker leaves a container after SIGTERM, in seconds. */
const GRACE = 10

/** What nothing in it has a need of is taken from it, /tmp too, which Podman would lend and Docker does not. */
const LIMITS = [
  ...['--read-only', '--read-only-tmpfs=false', '--memory=256m'],
  ...['--cap-drop=ALL', '--security-opt=no-new-privileges'],
  ...ON_THIS_MACHINE,
]
/** To build on a machine that others load, in milliseconds. */
const MINUTES = 240_000
/** For an image in OCI's own format, of which Podman takes no health check. */
const OWN_HEALTH = [
  '--health-cmd',
  JSON.stringify(['/usr/local/bin/portolan', 'healthcheck', '--config', '/etc/portolan/portolan.yaml']),
]

const made = new AsyncDisposableStack()
let images: Images
let store: FolderServer
let folder: string
let ports: { readonly door: number; readonly admin: number }

beforeAll(async () => {
  if (unable !== undefined) return
  images = made.use(await buildImages())
  folder = made.use(await makeTempFolder()).path
  await makeSampleImages(join(folder, 'images'))
  store = made.use(await startFolderServer(join(folder, 'images')))
  ports = { door: await findFreePort(), admin: await findFreePort() }
  const config = {
    ...{ version: 1, listen: `127.0.0.1:${ports.door}`, admin: `127.0.0.1:${ports.admin}` },
    upstreams: [{ id: 'here', layout: '/images', at: 'gcp/us-central1' }],
    stores: [{ id: 'paris', url: store.origin, blobs: 'blobs/{algorithm}/{encoded}', at: 'aws/eu-west-3' }],
    clouds: { places: [{ prefix: '127.0.0.0/8', at: 'aws/eu-west-3' }] },
  }
  await mkdir(join(folder, 'config'))
  await writeFile(join(folder, 'config/portolan.yaml'), JSON.stringify(config))
  for (const each of ['config', 'images']) await chmod(join(folder, each), 0o755)
}, MINUTES)
afterAll(() => made.disposeAsync())

describe.skipIf(unable !== undefined).each(['node', 'executable', 'released'])('the image on %s', (image) => {
  const inspect = async (name: string, format: string) =>
    (await images.runOk(['inspect', '--format', format, name])).toString().trim()

  it('has at most 200 MB, and is nobody', async () => {
    const size = await images.sizeOf(image)
    console.info(`the image on ${image}: ${Math.round(size / MB)} MB`)
    expect(size).toBeLessThan(200 * MB)
    expect(await inspect(image, '{{.Config.User}} {{.Config.StopSignal}}')).toBe('65532:65532 SIGTERM')
  })

  it('runs where nothing can be written, is pulled through, is healthy, and ends on SIGTERM', async () => {
    const begun = performance.now()
    await images.runOk([
      ...['run', '--detach', '--name', image, ...LIMITS, ...(image === 'released' ? OWN_HEALTH : [])],
      ...['--volume', `${folder}/config:/etc/portolan:ro`, '--volume', `${folder}/images:/images:ro`, image],
    ])
    const started = performance.now()
    await until('the door to be ready', async () =>
      fetch(`http://127.0.0.1:${ports.admin}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      ),
    )
    const ready = performance.now()
    console.info(
      `the image on ${image}: ready ${Math.round(ready - begun)} ms after podman began, ` +
        `of which ${Math.round(started - begun)} are podman's`,
    )

    await using out = await makeTempFolder()
    const before = store.requests.length
    await runOk(found.skopeo, [
      ...['copy', '--quiet', '--src-tls-verify=false', '--override-arch=amd64'],
      ...[`docker://127.0.0.1:${ports.door}/demo/hello:1.0`, `dir:${out.path}/pulled`],
    ])
    expect(await readdir(join(out.path, 'pulled'))).toHaveLength(7) // a manifest, its config, four layers, skopeo's version
    expect(store.requests.slice(before).filter((line) => line.endsWith(' 200')).length).toBeGreaterThan(0)

    await images.runOk(['healthcheck', 'run', image])
    expect(await inspect(image, '{{.State.Healthcheck.Status}}')).toBe('healthy')

    await images.runOk(['kill', '--signal', 'SIGTERM', image])
    await images.runOk(['wait', image], { timeout: GRACE * 1000 })
    expect(await inspect(image, '{{.State.ExitCode}}')).toBe('0')
    const { stdout } = await images.run(['logs', image])
    expect(String(stdout)).toContain('"msg":"drained"')
  })

  it('is unhealthy when its door is not there', async () => {
    const words = ['healthcheck', '--config', '/etc/portolan/portolan.yaml']
    const { code, stderr } = await images.run([
      ...['run', '--rm', '--no-healthcheck', ...LIMITS, '--volume', `${folder}/config:/etc/portolan:ro`],
      ...[image, ...words],
    ])
    expect(code).toBe(3)
    expect(stderr).toContain(`http://127.0.0.1:${ports.admin}/healthz`)
  })

  it('ends on SIGTERM with any command, though it is the first process there', async () => {
    const silent = createServer()
    const asked = once(silent, 'connection')
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    made.defer(() => void silent.close())
    const { port } = silent.address() as AddressInfo
    const name = `waiting-${image}`
    const words = ['explain', 'pause:3.9', '--from', '192.0.2.1', '--admin', `http://127.0.0.1:${port}`]
    await images.runOk(['run', '--detach', '--no-healthcheck', '--name', name, ...LIMITS, image, ...words])
    await asked
    await images.runOk(['kill', '--signal', 'SIGTERM', name])
    await images.runOk(['wait', name], { timeout: GRACE * 1000 })
    expect(await inspect(name, '{{.State.ExitCode}}')).toBe('143')
  })

  it('says what is wrong with a config before it starts', async () => {
    await mkdir(join(folder, `faulty-${image}`))
    await writeFile(join(folder, `faulty-${image}/portolan.yaml`), 'version: 1\nlisen: 0.0.0.0:80\n')
    const { code, stderr } = await images.run([
      ...['run', '--rm', '--no-healthcheck', ...LIMITS],
      ...['--volume', `${folder}/faulty-${image}:/etc/portolan:ro`, image],
    ])
    expect(code).toBe(2)
    expect(stderr).toContain('portolan.yaml:2:1 lisen: unknown key (did you mean "listen"?)')
  })
})

it.skipIf(unable !== undefined)('the image on node has a heap that fits its memory', async () => {
  const script = 'console.log(require("node:v8").getHeapStatistics().heap_size_limit)'
  const limit = await images.runOk([
    ...['run', '--rm', '--no-healthcheck', ...LIMITS, '--memory=128m'],
    ...['--entrypoint', '/usr/local/bin/node', 'node', '--eval', script],
  ])
  expect(Number(limit)).toBeLessThan(128 * 2 ** 20)
})
