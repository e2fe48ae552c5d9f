import type { Config, UpstreamConfig } from '../config/config.ts'
import { PortolanError } from '../errors.ts'
import type { Name } from '../oci/name.ts'
import type { RegistryReader } from '../registry/reader.ts'
import type { DoorRuntime } from './runtime.ts'

/** The image layouts and bundles that a config names. */
export interface LayoutContents {
  /** By kind and folder; opened once, however many upstreams live in it. */
  readonly folders: ReadonlyMap<string, RegistryReader>
  /** By the upstream's id, under the names that clients use. */
  readonly contents: ReadonlyMap<string, RegistryReader>
}

type Disk = Pick<DoorRuntime, 'openLayout' | 'openBundle'>

/** Opens the image layouts and bundles of a config's upstreams; one that is open already stays open. */
export async function openContents(
  { upstreams }: Config,
  disk: Disk,
  before: LayoutContents | undefined,
): Promise<LayoutContents> {
  const wanted = new Map(
    upstreams.flatMap((upstream) => sourceOf(upstream) ?? []).map((each) => [each.key, each]),
  )
  const opened = [...wanted.values()].map(async (source) => {
    const content = before?.folders.get(source.key) ?? open(source, disk)
    if (content !== undefined) return [source.key, await content] as const
    const { kind, folder } = source
    const message = `upstreams with a ${kind}, such as ${folder}, need a disk, which this runtime has not`
    throw new PortolanError('USAGE', message, { folder })
  })
  const folders = new Map(await Promise.all(opened))
  const contents = new Map<string, RegistryReader>()
  for (const upstream of upstreams) {
    const source = sourceOf(upstream)
    if (source !== undefined) contents.set(upstream.id, below(upstream.prefix, folders.get(source.key)!))
  }
  return { folders, contents }
}

interface DiskSource {
  readonly key: string
  readonly kind: 'layout' | 'bundle'
  readonly folder: string
}

function sourceOf({ layout, bundle }: UpstreamConfig): DiskSource | undefined {
  if (layout !== undefined) return { key: `layout ${layout}`, kind: 'layout', folder: layout }
  if (bundle !== undefined) return { key: `bundle ${bundle}`, kind: 'bundle', folder: bundle }
  return undefined
}

function open({ kind, folder }: DiskSource, disk: Disk): Promise<RegistryReader> | undefined {
  return kind === 'layout' ? disk.openLayout?.(folder) : disk.openBundle?.(folder)
}

/** What a content holds below a repository prefix, under the names that clients use. */
function below(prefix: string, content: RegistryReader): RegistryReader {
  if (prefix === '') return content
  return { repository: (name) => content.repository(`${prefix}/${name}` as Name) }
}
