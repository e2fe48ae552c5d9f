import type { Config } from '../../config/config.ts'
import { formatListenAddress } from '../../config/listen-address.ts'
import { PortolanError } from '../../errors.ts'
import { Semaphore } from '../../internal/semaphore.ts'
import { type Digest, digestAlgorithm, digestEncoded, isVerifiable, parseDigest } from '../../oci/digest.ts'
import { type ListedImage, parseImageList } from '../../oci/image-list.ts'
import { descriptorsOf, isIndex, isManifest, parseManifest } from '../../oci/manifest.ts'
import type { RepositoryReader } from '../../registry/reader.ts'
import type { HashAlgorithm } from '../../runtime.ts'
import { commandRuntime } from '../command-runtime.ts'
import { connectRegistry } from '../connections.ts'
import { EXIT } from '../exit-code.ts'
import { formatBytes, formatCount } from '../format-quantity.ts'
import { printedError, printJson, say } from '../print.ts'
import { nameOf, readConfig } from '../read-config.ts'
import { readTextFile } from '../text-file.ts'
import type { MirrorWarmOptions } from './mirror-spec.ts'

/** Blobs that are pulled at once. */
const AT_ONCE = 4
const LIMITS = { concurrency: 8, requestsPerSecond: 100 }

/** What became of an image. */
interface Warmed {
  readonly image: string
  readonly contents: number
  readonly bytes: number
  readonly error?: { readonly code: string; readonly message: string }
}

/** Pulls images through a mirror, as a client would; gives the exit code, 1 where one did not come whole. */
export async function runMirrorWarm(words: readonly string[], options: MirrorWarmOptions): Promise<number> {
  const config = await readConfig(options.config)
  if (config.delivery !== 'relay') {
    const message = `${nameOf(options.config)} is no config of a mirror: it needs "delivery: relay"`
    throw new PortolanError('USAGE', message, { file: options.config })
  }
  const url = options.mirror ?? originOf(config)
  const images = await imagesOf(words, options.list, config)
  const warmed: Warmed[] = []
  const seen = new Set<Digest>()
  for (const image of images) {
    const one = await warm(image, url, config, seen)
    warmed.push(one)
    if (options.json) continue
    if (one.error !== undefined) say(`${one.image}: ${one.error.message}`)
    else
      process.stdout.write(
        `${one.image}: ${formatCount(one.contents, 'content')}, ${formatBytes(one.bytes)}\n`,
      )
  }
  if (options.json) printJson({ mirror: url, images: warmed })
  return warmed.every(({ error }) => error === undefined) ? EXIT.done : EXIT.failed
}

/** Where the mirror of a config is met on this machine. Throws `USAGE` where that cannot be known. */
function originOf({ listen, tls }: Config): string {
  if (tls !== undefined || listen.port === 0) {
    const why = tls === undefined ? 'a free port that nobody else knows' : 'TLS, with a certificate for names'
    throw new PortolanError('USAGE', `the mirror has ${why}: say where it is, with --mirror`)
  }
  const host = ['', '0.0.0.0'].includes(listen.host)
    ? '127.0.0.1'
    : listen.host === '::'
      ? '::1'
      : listen.host
  return `http://${formatListenAddress({ host, port: listen.port })}`
}

/** Throws `USAGE` where nothing is named, and for a list with a fault, naming file and line. */
async function imagesOf(
  words: readonly string[],
  list: string | undefined,
  { cache }: Config,
): Promise<readonly ListedImage[]> {
  if (words.length > 0) return readList(words.join('\n'), 'the command line')
  const files = list === undefined ? (cache?.pin ?? []) : [list]
  if (files.length === 0)
    throw new PortolanError('USAGE', 'no image is named, and cache.pin has no list of them')
  const lists: ListedImage[] = []
  for (const file of files) lists.push(...readList(await readTextFile(file), file))
  return lists
}

function readList(text: string, source: string): readonly ListedImage[] {
  const { images, faults } = parseImageList(text)
  const [fault] = faults
  if (fault === undefined) return images
  throw new PortolanError('USAGE', `${source}:${fault.line}: ${fault.message}`, { source })
}

async function warm(image: ListedImage, url: string, config: Config, seen: Set<Digest>): Promise<Warmed> {
  const tally = { contents: 0, bytes: 0 }
  try {
    const repository = connectRegistry({ url, prefix: prefixOf(image, config), limits: LIMITS }).repository(
      image.name,
    )
    await pull(repository, image.reference, { url, tally, seen, places: new Semaphore(AT_ONCE) })
    return { image: image.text, ...tally }
  } catch (error) {
    if (!(error instanceof PortolanError)) throw error
    const { code, message } = printedError(error)
    return { image: image.text, ...tally, error: { code, message } }
  }
}

/** What stands before a repository's name at the mirror. Throws `USAGE` for a registry that it does not answer for. */
function prefixOf({ registry, text }: ListedImage, { registries }: Config): string {
  const found = registries.find(({ host }) => host === registry || (host === '' && registries.length === 1))
  if (found !== undefined) return found.path ?? ''
  const known = registries.map(({ host }) => host).join(', ')
  const message = `the config has no registry ${registry}, only ${known}`
  throw new PortolanError('USAGE', message, { image: text })
}

interface Pulling {
  /** Where the mirror is. */
  readonly url: string
  readonly tally: { contents: number; bytes: number }
  /** What came already, for whichever image. */
  readonly seen: Set<Digest>
  readonly places: Semaphore
}

async function pull(
  repository: RepositoryReader,
  reference: ListedImage['reference'],
  pulling: Pulling,
): Promise<void> {
  const found = await repository.manifest(reference)
  if (found === undefined) throw missing(reference, pulling)
  count(pulling, found.bytes.length)
  const manifest = parseManifest(found.bytes, `${repository.location}@${found.digest}`)
  await pulling.places.map(descriptorsOf(manifest), async ({ digest, mediaType }) => {
    if (pulling.seen.has(digest)) return
    pulling.seen.add(digest)
    if (isIndex(mediaType) || isManifest(mediaType))
      await pull(repository, digest, { ...pulling, places: new Semaphore(1) })
    else count(pulling, await pullBlob(repository, digest, pulling))
  })
}

function count({ tally }: Pulling, bytes: number): void {
  tally.contents++
  tally.bytes += bytes
}

/** Reads a blob to its end: only then is it known that the mirror has it. Gives its size. */
async function pullBlob(repository: RepositoryReader, digest: Digest, pulling: Pulling): Promise<number> {
  const opened = await repository.blob(digest)
  if (opened === undefined) throw missing(digest, pulling)
  const hash = isVerifiable(digest)
    ? commandRuntime.createHash(digestAlgorithm(digest) as HashAlgorithm)
    : undefined
  let size = 0
  for await (const bytes of opened.body) {
    hash?.update(bytes)
    size += bytes.length
  }
  if (hash === undefined || hash.hex() === digestEncoded(digest)) return size
  throw new PortolanError('CONTENT_INVALID', `${repository.location} gave something else for ${digest}`, {
    digest,
  })
}

function missing(reference: ListedImage['reference'], { url }: Pulling): PortolanError {
  const what = parseDigest(reference) === undefined ? `no tag ${reference} of it` : `no ${reference}`
  return new PortolanError('CONTENT_INVALID', `the mirror at ${url} says that there is ${what}`, {
    reference,
  })
}
