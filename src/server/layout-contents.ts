import type { Config } from '../config/config.ts'
import { PortolanError } from '../errors.ts'
import type { Name } from '../oci/name.ts'
import type { RegistryReader } from '../registry/reader.ts'
import type { DoorRuntime } from './runtime.ts'

/** The image layouts that a config names. */
export interface LayoutContents {
  /** By folder; opened once, however many upstreams live in it. */
  readonly folders: ReadonlyMap<string, RegistryReader>
  /** By the upstream's id, under the names that clients use. */
  readonly contents: ReadonlyMap<string, RegistryReader>
}

/** Opens the image layouts of a config's upstreams; one that is open already stays open. */
export async function openContents(
  { upstreams }: Config,
  { openLayout }: Pick<DoorRuntime, 'openLayout'>,
  before: LayoutContents | undefined,
): Promise<LayoutContents> {
  const wanted = new Set(upstreams.flatMap(({ layout }) => layout ?? []))
  const opened = [...wanted].map(async (folder) => {
    const content = before?.folders.get(folder) ?? openLayout?.(folder)
    if (content !== undefined) return [folder, await content] as const
    const message = `upstreams with a layout, such as ${folder}, need a disk, which this runtime has not`
    throw new PortolanError('USAGE', message, { folder })
  })
  const folders = new Map(await Promise.all(opened))
  const contents = new Map<string, RegistryReader>()
  for (const { id, layout, prefix } of upstreams) {
    if (layout !== undefined) contents.set(id, below(prefix, folders.get(layout)!))
  }
  return { folders, contents }
}

/** What a content holds below a repository prefix, under the names that clients use. */
function below(prefix: string, content: RegistryReader): RegistryReader {
  if (prefix === '') return content
  return { repository: (name) => content.repository(`${prefix}/${name}` as Name) }
}
