import { homedir } from 'node:os'
import { PortolanError } from '../errors.ts'
import type { ClusterImages } from '../migrate/cluster/list-images.ts'
import { parseReference } from '../oci/reference.ts'
import { kubernetesReleases } from '../releases/kubernetes-releases.ts'
import { readKubernetesVersion, splitUpgrade } from '../releases/kubernetes-version.ts'
import {
  compareReleases,
  REGISTRY,
  type ReleaseImage,
  type ReleaseImages,
  releaseImages,
} from '../releases/release-images.ts'
import type { ImageReferrer } from '../replication/images/resolve-image.ts'
import { commandRuntime } from './command-runtime.ts'
import type { ImagesOptions } from './commands/images-spec.ts'
import { findLastPatch } from './last-patch.ts'
import { type FileImages, readFileImages } from './read-file-images.ts'
import { readStdin } from './read-stdin.ts'

/** An image of a list. */
export interface ListedImage {
  /** In full; with a digest once its registry was asked. */
  readonly reference: string
  /** What names it: `Kubernetes v1.33.2`, `cluster production`, `files`. */
  readonly of: readonly string[]
  /** Of a Kubernetes version: where it is had from, and how its tag is known. */
  readonly origin?: string
  readonly basis?: ReleaseImage['basis']
  /** What hangs on it, where that was asked for. */
  readonly referrers?: readonly ImageReferrer[]
}

/** What a Kubernetes version pulls too, by a name or a tag that is not known. */
export interface ReleaseGap {
  readonly version: string
  /** Components whose tags are not known; empty where what the versions around it have was taken. */
  readonly missing: readonly string[]
  readonly why: string
}

/** All that is known of the images that were asked for, and what is not. */
export interface ImageListing {
  readonly images: readonly ListedImage[]
  readonly gaps: readonly ReleaseGap[]
  /** Versions whose kubeadm pulls from another registry by itself, and what that is. */
  readonly moved: readonly { readonly version: string; readonly registry: string }[]
  /** Of an upgrade: references that the version before has alone, and those that both have. */
  readonly upgrade?: { readonly dropped: readonly string[]; readonly kept: readonly string[] }
  readonly files?: Omit<FileImages, 'references'>
  readonly cluster?: Omit<ClusterImages, 'references'>
}

/** Lists what a command line asks for, each image once. Rejects with `USAGE`, and as what reads files and clusters does. */
export async function listImages(options: ImagesOptions): Promise<ImageListing> {
  const repository = options.customRepository && readRepository(options.customRepository)
  const releaseOf = (version: Parameters<typeof releaseImages>[0]) =>
    releaseImages(version, kubernetesReleases, repository)
  const read = async (text: string) => {
    const place = { repository: repository ?? REGISTRY, plainHttp: options.plainHttp ?? [] }
    const { text: version, note } = await findLastPatch(text, kubernetesReleases, place)
    const release = releaseOf(readKubernetesVersion(version, kubernetesReleases))
    return note === undefined ? release : { ...release, gap: [note, release.gap].filter(Boolean).join('; ') }
  }
  if (options.upgrade !== undefined) {
    const [from, to] = splitUpgrade(options.upgrade)
    return listUpgrade(await read(from), await read(to))
  }
  const releases: ReleaseImages[] = []
  const texts = (options.kubernetes ?? []).flatMap((some) => some.split(','))
  for (const text of new Set(texts)) releases.push(await read(text))
  const cluster = options.fromCluster ? await readCluster(options) : undefined
  const files = options.fromFiles ? await readFiles(options.fromFiles, options.exclude ?? []) : undefined
  const images = new Images()
  for (const release of releases) images.addRelease(release, release.images)
  images.add(cluster?.references ?? [], `cluster ${cluster?.context}`)
  images.add(files?.references ?? [], 'files')
  return {
    images: images.list(),
    gaps: gapsOf(releases),
    moved: movedOf(releases),
    ...(cluster && { cluster: withoutReferences(cluster) }),
    ...(files && { files: withoutReferences(files) }),
  }
}

function listUpgrade(from: ReleaseImages, to: ReleaseImages): ImageListing {
  const { added, dropped, kept } = compareReleases(from, to)
  const images = new Images()
  images.addRelease(to, added)
  const upgrade = { dropped: dropped.map(referenceOf), kept: kept.map(referenceOf) }
  return { images: images.list(), gaps: gapsOf([from, to]), moved: movedOf([from, to]), upgrade }
}

function gapsOf(releases: readonly ReleaseImages[]): ReleaseGap[] {
  return releases.flatMap(({ version, missing, gap }) => (gap ? [{ version, missing, why: gap }] : []))
}

function movedOf(releases: readonly ReleaseImages[]): ImageListing['moved'] {
  return releases.flatMap(({ version, pullsFrom: registry }) => (registry ? [{ version, registry }] : []))
}

/** Images by their references. */
class Images {
  readonly #images = new Map<string, ListedImage>()

  addRelease({ version }: ReleaseImages, images: readonly ReleaseImage[]): void {
    for (const { reference, origin, basis } of images) {
      this.#add({ reference, of: [`Kubernetes ${version}`], ...(origin && { origin }), basis })
    }
  }

  add(references: readonly string[], of: string): void {
    for (const reference of references) this.#add({ reference, of: [of] })
  }

  list(): readonly ListedImage[] {
    return [...this.#images.values()]
  }

  #add(image: ListedImage): void {
    const before = this.#images.get(image.reference)
    const of = [...new Set([...(before?.of ?? []), ...image.of])]
    this.#images.set(image.reference, { ...image, ...before, of })
  }
}

async function readCluster({ context, kubeconfig, namespace }: ImagesOptions): Promise<ClusterImages> {
  // The client library takes a second to load, which no other list should.
  const { listClusterImages } = await import('../adapters/cluster/scan-cluster.ts')
  return await listClusterImages(
    {
      ...(context !== undefined && { context }),
      ...(kubeconfig !== undefined && { kubeconfig }),
      ...(namespace !== undefined && { namespaces: namespace }),
    },
    { runtime: commandRuntime, environment: process.env, home: homedir() },
  )
}

async function readFiles(paths: readonly string[], exclude: readonly string[]): Promise<FileImages> {
  const content = paths.includes('-') ? { path: 'stdin.yaml', bytes: await readStdin() } : undefined
  const named = paths.filter((path) => path !== '-')
  return readFileImages(named, { exclude, ...(content && { content }) })
}

/** Throws `USAGE` for what is no `HOST[/PATH]`. */
function readRepository(text: string): string {
  const written = text.replace(/\/$/, '')
  try {
    // It is asked for with something under it, since alone it might be a repository of Docker Hub.
    const { host, name } = parseReference(`${written}/x`)
    if (host !== undefined) return `${host}/${name}`.slice(0, -'/x'.length)
  } catch (error) {
    if (!(error instanceof PortolanError)) throw error
  }
  const message = `--custom-repository ${JSON.stringify(text)} must be HOST[/PATH], such as registry.example/k8s`
  throw new PortolanError('USAGE', message, { value: text })
}

function referenceOf({ reference }: ReleaseImage): string {
  return reference
}

function withoutReferences<From extends { readonly references: unknown }>({
  references: _,
  ...rest
}: From): Omit<From, 'references'> {
  return rest
}
