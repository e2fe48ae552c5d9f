import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeSampleImages } from '../../src/demo/images.ts'
import type { SampleImage } from '../../src/demo/sample-world.ts'
import { FAULTS, type Fault, type Served, startMisbehaving } from '../support/misbehaving.ts'
import { startPortolan } from '../support/portolan.ts'
import { findPrograms, run } from '../support/programs.ts'
import { makeTempFolder, type TempFolder } from '../support/temp.ts'

const { found, missing } = findPrograms('skopeo')
const crane = findPrograms('crane')
const podman = findPrograms('podman')
for (const reason of [missing, crane.missing, podman.missing]) {
  if (reason !== undefined) console.warn(`pulls from stores that misbehave: some are skipped; ${reason}`)
}
// What a client makes of a store's certificate is told by its own settings, and a door is not asked about them.
const ROWS = FAULTS.filter((fault) => fault !== 'expired certificate')
/** A few that cut, corrupt or refuse, for clients other than the one that tries them all. */
const TELLING: readonly Fault[] = ['404', '500', 'cut in the body', 'wrong bytes', 'refused connection']
/** Clients wait for ever for a store that hangs; people do not. */
const PATIENCE = 20_000

describe('a pull, while the store that has everything begins to misbehave', () => {
  let folder: TempFolder
  let image: SampleImage
  let served: ReadonlyMap<string, Served>

  beforeAll(async () => {
    folder = await makeTempFolder()
    const world = await makeSampleImages(join(folder.path, 'images'))
    image = world.images.find(({ platforms }) => platforms.length === 0)!
    const read = (digest: string) => readFile(join(world.folder, 'blobs', digest.replace(':', '/')))
    const manifest = { bytes: await read(image.digest), type: image.mediaType, digest: image.digest }
    const contents = new Map<string, Served>([
      ['/v2/', { bytes: Buffer.from('{}'), type: 'application/json' }],
    ])
    for (const reference of [image.tags[0]!, image.digest]) {
      contents.set(`/v2/${image.name}/manifests/${reference}`, manifest)
    }
    for (const { digest } of image.blobs) {
      const bytes = await read(digest)
      contents.set(`/v2/${image.name}/blobs/${digest}`, { bytes })
      contents.set(`/containers/images/${digest}`, { bytes })
    }
    served = contents
  })
  afterAll(() => folder[Symbol.asyncDispose]())

  it.skipIf(missing !== undefined).concurrent.each(ROWS)(
    'succeeds with skopeo on the first or second try: %s',
    async (fault) => {
      const target = (attempt: number) =>
        `dir:${join(folder.path, `${fault}-${attempt}`.replaceAll(' ', '-'))}`
      await expectPulls(fault, (door, attempt) =>
        run(
          found.skopeo,
          ['copy', '--quiet', '--src-tls-verify=false', `docker://${door}/${reference()}`, target(attempt)],
          { timeout: PATIENCE },
        ),
      )
    },
  )

  it.skipIf(crane.missing !== undefined).concurrent.each(TELLING)(
    'succeeds with crane on the first or second try: %s',
    async (fault) => {
      await expectPulls(fault, (door) =>
        run(crane.found.crane, ['validate', '--remote', `${door}/${reference()}`], { timeout: PATIENCE }),
      )
    },
  )

  // One after the other: podman's processes share locks, whatever their storage.
  it.skipIf(podman.missing !== undefined).each(TELLING)(
    'succeeds with podman on the first or second try: %s',
    async (fault) => {
      await expectPulls(fault, async (door, attempt) => {
        // Storage of its own each time, or a second pull would find everything there; podman wants a short path.
        const storage = join(folder.path, `${TELLING.indexOf(fault)}-${attempt}`)
        const where = [
          '--root',
          join(storage, 'root'),
          '--runroot',
          join(storage, 'run'),
          '--storage-driver',
          'vfs',
        ]
        return run(
          podman.found.podman,
          [...where, 'pull', '--quiet', '--tls-verify=false', `${door}/${reference()}`],
          {
            timeout: PATIENCE,
          },
        )
      })
    },
  )

  const reference = () => `${image.name}:${image.tags[0]}`

  /** The door knows that the store has everything, and then the store is not what it was. */
  async function expectPulls(
    fault: Fault,
    pull: (door: string, attempt: number) => Promise<{ code: number | null; stderr: string }>,
  ): Promise<void> {
    await using upstream = await startMisbehaving({ content: (path) => served.get(path) })
    await using store = await startMisbehaving({
      content: (path) => (path.startsWith('/v2/') ? undefined : served.get(path)),
    })
    await using portolan = await startPortolan({
      upstreams: [{ id: 'main', url: upstream.origin, at: 'far/away' }],
      stores: [{ id: 'near', url: store.origin, at: 'near/by' }],
      clouds: { places: [{ prefix: '127.0.0.0/8', at: 'near/by' }] },
      health: { interval: '1s' },
    })
    const door = `127.0.0.1:${portolan.port}`
    expect(await pull(door, 0)).toMatchObject({ code: 0 })
    expect(store.requests.some(({ method, range }) => method === 'GET' && range === undefined)).toBe(true)

    await store.misbehave(fault)
    const first = await pull(door, 1)
    const second = first.code === 0 ? first : await pull(door, 2)
    expect(second, `first: ${first.stderr}\nsecond: ${second.stderr}`).toMatchObject({ code: 0 })
  }
})
