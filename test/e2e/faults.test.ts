import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeSampleImages } from '../../src/demo/images.ts'
import type { SampleImage } from '../../src/demo/sample-world.ts'
import { type Certificates, makeCertificates, noCertificates } from '../support/certificates.ts'
import { FAULTS, type Fault, type Served, startMisbehaving } from '../support/misbehaving.ts'
import { startPortolan } from '../support/portolan.ts'
import { findPrograms, run } from '../support/programs.ts'
import { sample } from '../support/sample.ts'
import { makeTempFolder, type TempFolder } from '../support/temp.ts'

const CLIENTS = ['skopeo', 'crane', 'podman'] as const
type ClientName = (typeof CLIENTS)[number]

const programs = new Map<ClientName, string>()
for (const client of CLIENTS) {
  const { found, missing } = findPrograms(client)
  if (missing === undefined) programs.set(client, found[client])
  else console.warn(`pulls with ${client} from stores that misbehave are skipped; ${missing}`)
}
if (noCertificates !== undefined) console.warn(`expired certificates are skipped; ${noCertificates}`)

/** Each client with each fault. */
const CELLS = [...programs.keys()].flatMap((client) =>
  FAULTS.filter((fault) => fault !== 'expired certificate' || canSeeCertificates(client)).map((fault) => ({
    client,
    fault,
  })),
)
const cells = sample('pulls from stores that misbehave', CELLS, 24, ({ fault }) => fault)
const faultsFor = (wanted: ClientName) =>
  cells.filter(({ client }) => client === wanted).map(({ fault }) => fault)

/** Told to speak HTTP with the door, skopeo and podman take any certificate from a store: only crane can tell them apart. */
function canSeeCertificates(client: ClientName): boolean {
  return client === 'crane' && noCertificates === undefined
}

/** Clients wait for ever for a store that hangs; people do not. */
const LONGEST = 12_000

describe('a pull, while the store that has everything begins to misbehave', () => {
  let folder: TempFolder
  let image: SampleImage
  let served: ReadonlyMap<string, Served>
  let certificates: Certificates | undefined

  beforeAll(async () => {
    if (noCertificates === undefined) {
      certificates = await makeCertificates()
      process.env.NODE_EXTRA_CA_CERTS = certificates.trustFile
    }
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
  afterAll(async () => {
    delete process.env.NODE_EXTRA_CA_CERTS
    await certificates?.[Symbol.asyncDispose]()
    await folder[Symbol.asyncDispose]()
  })

  it.concurrent.each(faultsFor('skopeo'))(
    'succeeds with skopeo on the first or second try: %s',
    async (fault) => {
      const target = (attempt: number) =>
        `dir:${join(folder.path, `${fault}-${attempt}`.replaceAll(' ', '-'))}`
      await expectPulls(fault, (door, attempt) =>
        run(
          programs.get('skopeo')!,
          ['copy', '--quiet', '--src-tls-verify=false', `docker://${door}/${reference()}`, target(attempt)],
          { timeout: LONGEST },
        ),
      )
    },
  )

  it.concurrent.each(faultsFor('crane'))(
    'succeeds with crane on the first or second try: %s',
    async (fault) => {
      await expectPulls(fault, (door) =>
        run(programs.get('crane')!, ['validate', '--remote', `${door}/${reference()}`], {
          timeout: LONGEST,
          ...(certificates && { env: { ...process.env, SSL_CERT_FILE: certificates.trustFile } }),
        }),
      )
    },
  )

  // One after the other: podman's processes share locks, whatever their storage.
  it.each(faultsFor('podman'))('succeeds with podman on the first or second try: %s', async (fault) => {
    await expectPulls(fault, async (door, attempt) => {
      // Storage of its own each time, or a second pull would find everything there; podman wants a short path.
      const storage = join(folder.path, `${FAULTS.indexOf(fault)}-${attempt}`)
      const where = [
        '--root',
        join(storage, 'root'),
        '--runroot',
        join(storage, 'run'),
        '--storage-driver',
        'vfs',
      ]
      return run(
        programs.get('podman')!,
        [...where, 'pull', '--quiet', '--tls-verify=false', `${door}/${reference()}`],
        {
          timeout: LONGEST,
        },
      )
    })
  })

  const reference = () => `${image.name}:${image.tags[0]}`

  /** The door knows that the store has everything, and then the store is not what it was. */
  async function expectPulls(
    fault: Fault,
    pull: (door: string, attempt: number) => Promise<{ code: number | null; stderr: string }>,
  ): Promise<void> {
    await using upstream = await startMisbehaving({ content: (path) => served.get(path) })
    await using store = await startMisbehaving({
      content: (path) => (path.startsWith('/v2/') ? undefined : served.get(path)),
      ...(fault === 'expired certificate' && certificates && { certificates }),
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
