import { createCipheriv, createHash } from 'node:crypto'
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { OCI_CONFIG, OCI_INDEX, OCI_LAYER_GZIP, OCI_MANIFEST } from '../src/oci/manifest.ts'
import { noDockerRegistry, startDockerRegistry } from '../test/support/docker-registry.ts'
import { findPrograms } from '../test/support/programs.ts'
import { makeTempFolder } from '../test/support/temp.ts'
import { runTool, type Spent } from './processes/tool.ts'

// How fast a bundle is written, verified and imported, beside what only moves the same bytes: `cp`, `sha256sum`, and
// skopeo, which reads a bundle as an archive. One image, layers of 512 MiB that nothing compresses.
//
// All files are in the page cache when a run begins, as far as memory goes. Whoever writes files has them on the disk at
// the end: `cp` by the `sync` behind it, Portolan by its own. Docker's registry syncs nothing. What skopeo unpacks for
// itself is not counted as memory. BUNDLE_GIB=20 for a bundle of that size; the disk needs four times as much.

const MIB = 1024 * 1024
const GIB = Number(process.env.BUNDLE_GIB ?? 4)
const ROUNDS = Number(process.env.BUNDLE_ROUNDS ?? 1)
const LAYER_BYTES = 512 * MIB
const PIECE = 64 * MIB
const NAME = 'bench.example/large:v1'
/** The built package, since that is what people run. */
const PORTOLAN = join(import.meta.dirname, '../bin/portolan.cjs')

export async function run(): Promise<void> {
  const { found, missing } = findPrograms('skopeo', 'sh')
  const unable = missing ?? noDockerRegistry
  if (unable !== undefined) {
    console.log(`skipped; ${unable}`)
    return
  }
  await using temp = await makeTempFolder()
  const at = (name: string) => join(temp.path, name)
  const portolan = (...words: readonly string[]) =>
    runTool(process.execPath, [PORTOLAN, ...words, '--quiet'], temp.path)
  const environment = { TMPDIR: temp.path }
  /** Its memory would be that of the shell. */
  const shell = async (command: string): Promise<Spent> => ({
    ...(await runTool(found.sh, ['-c', command], temp.path, environment)),
    megabytes: Number.NaN,
  })
  await mkdir(at('layout/blobs/sha256'), { recursive: true })
  await writeLayout(at('layout'))

  for (let round = 0; round < ROUNDS; round++) {
    console.log(`\n${GIB} GiB, round ${round + 1} of ${ROUNDS}`)
    const copied = await shell('cp -r layout copy && sync -f copy')
    await rm(at('copy'), { recursive: true })
    print('cp, and sync', copied)
    const row = (what: string, spent: Spent) => print(what, spent, copied.seconds / spent.seconds)
    row(
      'bundle export from a layout',
      await portolan('bundle', 'export', '--no-referrers', '--output', 'bundle', 'oci:layout'),
    )
    row('bundle export from a registry', await exportPulled(portolan))
    await rm(at('pulled'), { recursive: true })
    row('sha256sum', await shell('sha256sum bundle/*.tar'))
    row('bundle verify', await portolan('bundle', 'verify', 'bundle'))
    row('copy bundle: to a layout', await portolan('copy', 'bundle:bundle', 'oci:unpacked'))
    await rm(at('unpacked'), { recursive: true })
    const [part] = await readdir(at('bundle'))
    for (const [what, push] of [
      ['bundle import to a registry', (host) => portolan('bundle', 'import', 'bundle', '--to', host)],
      [
        'the same through a pipe',
        (host) =>
          shell(`cat bundle/*.tar | ${process.execPath} ${PORTOLAN} bundle import - --to ${host} --quiet`),
      ],
      [
        'skopeo copy oci-archive:',
        (host) =>
          runTool(
            found.skopeo,
            [
              ...['copy', '--quiet', '--all', '--preserve-digests', '--dest-tls-verify=false'],
              ...[`oci-archive:bundle/${part}:${NAME}`, `docker://${host}/large:v1`],
            ],
            temp.path,
            environment,
          ),
      ],
    ] satisfies readonly (readonly [string, (host: string) => Promise<Spent>])[]) {
      await using target = await startDockerRegistry()
      row(what, await push(target.host))
    }
    await rm(at('bundle'), { recursive: true })
  }
}

/** Exports from a registry, which is gone then, with all that it has. */
async function exportPulled(portolan: (...words: readonly string[]) => Promise<Spent>): Promise<Spent> {
  await using source = await startDockerRegistry()
  await portolan('copy', 'oci:layout', source.host, '--no-referrers')
  const image = `${source.host}/${NAME.slice(NAME.indexOf('/') + 1)}`
  // Awaited: the registry has to be there as long as it is read.
  return await portolan('bundle', 'export', '--no-referrers', '--output', 'pulled', image)
}

function print(what: string, { seconds, cpu, megabytes }: Spent, ratio?: number): void {
  const memory = Number.isNaN(megabytes) ? '' : `${megabytes.toFixed(0)} MB`
  const beside = ratio === undefined ? '' : `  ${ratio.toFixed(2)} × cp`
  console.log(
    `${what.padEnd(30)} ${seconds.toFixed(1).padStart(6)} s ${cpu.toFixed(1).padStart(6)} CPU s ${memory.padStart(8)}${beside}`,
  )
}

/** An image layout with one image of so many layers. */
async function writeLayout(folder: string): Promise<void> {
  const put = async (mediaType: string, pieces: Iterable<Uint8Array>) => {
    const hash = createHash('sha256')
    let size = 0
    const passing = join(folder, 'passing')
    await writeFile(
      passing,
      (function* () {
        for (const piece of pieces) {
          hash.update(piece)
          size += piece.length
          yield piece
        }
      })(),
    )
    const hex = hash.digest('hex')
    await rename(passing, join(folder, 'blobs/sha256', hex))
    return { mediaType, digest: `sha256:${hex}`, size }
  }
  const json = (mediaType: string, value: object) => put(mediaType, [Buffer.from(JSON.stringify(value))])
  const config = await json(OCI_CONFIG, { os: 'linux', architecture: 'amd64', rootfs: { type: 'layers' } })
  const layers = []
  for (let index = 0; index < (GIB * 1024 * MIB) / LAYER_BYTES; index++)
    layers.push(await put(OCI_LAYER_GZIP, noise(index)))
  const manifest = await json(OCI_MANIFEST, { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers })
  const annotations = { 'org.opencontainers.image.ref.name': NAME }
  const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [{ ...manifest, annotations }] }
  await writeFile(join(folder, 'index.json'), JSON.stringify(index))
  await writeFile(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
}

/** Bytes that nothing compresses. */
function* noise(seed: number): Generator<Uint8Array> {
  const cipher = createCipheriv('aes-256-ctr', Buffer.alloc(32, seed + 1), Buffer.alloc(16))
  const zeros = Buffer.alloc(PIECE)
  for (let at = 0; at < LAYER_BYTES; at += PIECE) yield cipher.update(zeros)
}
