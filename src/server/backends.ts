import { placeOf } from '../clouds/places.ts'
import type { Config, StoreConfig, UpstreamConfig } from '../config/config.ts'
import type { Name } from '../oci/name.ts'
import { compileDigestPath, type Store, type Upstream } from '../routing/backend.ts'
import type { Content } from '../storage/content.ts'

export function upstreamOf({ id, url, prefix, at, canonical, complete }: UpstreamConfig): Upstream {
  return {
    kind: 'upstream',
    id,
    place: placeOf(at),
    canonical,
    complete,
    prefix,
    ...(url !== undefined && { url }),
  }
}

export function storeOf({ id, url, blobs, manifests, at }: StoreConfig): Store {
  return {
    kind: 'store',
    id,
    place: placeOf(at),
    url,
    blobPath: compileDigestPath(blobs),
    ...(manifests !== undefined && { manifestPath: compileDigestPath(manifests) }),
  }
}

/** Opens the image layouts of a config's upstreams, by their folder; one that is open already stays open. */
export async function openLayouts(
  { upstreams }: Config,
  openLayout: (folder: string) => Promise<Content>,
  open: ReadonlyMap<string, Content> = new Map(),
): Promise<ReadonlyMap<string, Content>> {
  const folders = new Set(upstreams.flatMap(({ layout }) => layout ?? []))
  return new Map(
    await Promise.all(
      [...folders].map(async (folder) => [folder, open.get(folder) ?? (await openLayout(folder))] as const),
    ),
  )
}

/** What a content holds below a repository prefix, under the names that clients use. */
export function below(prefix: string, content: Content): Content {
  if (prefix === '') return content
  return { repository: (name) => content.repository(`${prefix}/${name}` as Name) }
}
