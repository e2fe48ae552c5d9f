import { isScalar, type YAMLMap } from 'yaml'
import { entriesOf, isStringScalar } from '../yaml/yaml-document.ts'
import { namesImage } from './names.ts'
import type { Belonging, YamlCollector } from './yaml-collector.ts'

type Role = 'registry' | 'repository' | 'image' | 'name' | 'tag' | 'digest'

const ROLES: Readonly<Record<string, Role>> = {
  registry: 'registry',
  repository: 'repository',
  repo: 'repository',
  image: 'image',
  name: 'name',
  tag: 'tag',
  version: 'tag',
  digest: 'digest',
  sha: 'digest',
}
const KEY = /^(.*?)[_-]?(?:image[_-]?)?(registry|repository|repo|tag|digest|sha)$/i
const IMAGE_KEY = /^(.*?)[_-]?image$/i
/** Under these a map is an image, so that `name` and `version` are said of it. */
const IMAGE_PARENT = /images?$/i
/** A map with one of these is an image, whatever it stands under, and even where they are empty. */
const PULLED = ['tag', 'digest', 'pullPolicy', 'imagePullPolicy']

/**
 * Takes the references of one map by the names of its keys, in the usual shapes: one string (`image`, `fooImage`); a
 * repository with tag and digest; a registry besides; and the same flat (`imageRepository`, `fooImageTag`). `parent` is
 * the key that the map stands under, `fallback` the registry where it has none of its own.
 */
export function collectImageKeys(
  collector: YamlCollector,
  map: YAMLMap,
  { parent, path, fallback }: { parent: string; path: string; fallback?: unknown },
  belonging: Omit<Belonging, 'owner'> & { owner: (path: string) => string },
): void {
  const groups = new Map<string, Partial<Record<Role, { key: string; node: unknown }>>>()
  const isImage = IMAGE_PARENT.test(parent)
  let hasOwnHost = false
  for (const key of keysOf(collector, map)) {
    const node = collector.document.get(map, key)
    if (!isStringScalar(node) || node.value.trim() === '') continue
    hasOwnHost ||= isHost(node)
    const at = (role: string) => ({ ...belonging, owner: belonging.owner(join(path, role)) })
    const named = roleOf(key, isImage)
    if (named === undefined) {
      // A map of images by what they are for, or a key such as RELATED_IMAGE_X.
      if (/^images$/i.test(parent) || namesImage(key)) collector.addWhole(node, at(key))
      continue
    }
    const group = groups.get(named.stem) ?? {}
    groups.set(named.stem, group)
    group[named.role] ??= { key, node }
  }
  // What has no tag of its own is pulled by one that is said elsewhere.
  const isPulled = isImage || PULLED.some((key) => collector.document.get(map, key) !== undefined)
  for (const group of groups.values())
    addGroup(collector, group, hasOwnHost ? undefined : fallback, (key) => join(path, key), {
      ...belonging,
      isPulled,
    })
}

function addGroup(
  collector: YamlCollector,
  group: Partial<Record<Role, { key: string; node: unknown }>>,
  fallback: unknown,
  pathOf: (key: string) => string,
  {
    owner,
    isPulled,
    ...rest
  }: Omit<Belonging, 'owner'> & { owner: (path: string) => string; isPulled: boolean },
): void {
  const { tag, digest } = group
  let { registry, repository } = group
  const image = group.image ?? group.name
  const isPrefix =
    repository !== undefined &&
    registry === undefined &&
    image !== undefined &&
    (!hasSlash(image.node) || isHost(repository.node))
  if (isPrefix && (group.image !== undefined || !hasSlash(repository?.node))) {
    // `repository: k8s.gcr.io` with `image: pause`, or `repository: k8s.gcr.io/sig-storage` with it.
    registry = repository
    repository = image
  } else {
    if (repository !== undefined && group.image) {
      collector.addWhole(group.image.node, { ...rest, owner: owner(pathOf(group.image.key)) })
    }
    repository ??= image
  }
  const named = repository ?? registry
  if (named === undefined) return
  const belonging = { ...rest, owner: owner(pathOf(named.key)) }
  const shared = registry?.node ?? (hasHost(repository?.node) ? undefined : fallback)
  // A tag alone beside an image is of use only where the image lacks one.
  collector.addSplit(
    { registry: shared, repository: repository?.node, tag: tag?.node, digest: digest?.node },
    belonging,
    { hostless: isPulled || tag !== undefined || digest !== undefined },
  )
}

function roleOf(key: string, isImage: boolean): { role: Role; stem: string } | undefined {
  const match = KEY.exec(key)
  if (match !== null) return { role: ROLES[match[2]!.toLowerCase()]!, stem: match[1]!.toLowerCase() }
  const image = IMAGE_KEY.exec(key)
  if (image !== null) return { role: 'image', stem: image[1]!.toLowerCase() }
  return isImage && (key === 'name' || key === 'version') ? { role: ROLES[key]!, stem: '' } : undefined
}

/** Its own keys, and those of the maps that it merges where these are written in place of them. */
function keysOf(collector: YamlCollector, map: YAMLMap): Set<string> {
  const keys = new Set<string>()
  for (const { key } of entriesOf(map)) keys.add(key)
  if (!keys.has('<<')) return keys
  // Merged values are found at their anchor; here they only complete what is written here.
  for (const key of ['registry', 'repository', 'image', 'tag', 'digest']) {
    if (collector.document.get(map, key) !== undefined) keys.add(key)
  }
  return keys
}

function hasSlash(node: unknown): boolean {
  return isScalar(node) && String(node.value).includes('/')
}

/** A host alone: `repository: gcr.io` with `image: google-containers/pause`, or under a key of another name. */
function isHost(node: unknown): boolean {
  return isScalar(node) && /^[\w-]+(?:\.[\w-]+)*\.[a-z][\w-]*(?::\d+)?$/i.test(String(node.value))
}

function hasHost(node: unknown): boolean {
  return isScalar(node) && /^[^/]*[.:][^/]*\//.test(String(node.value))
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`
}

/** Whether a list under this key holds images as strings. */
export function holdsImages(key: string): boolean {
  return /images$/i.test(key)
}
