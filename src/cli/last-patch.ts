import { PortolanError } from '../errors.ts'
import { parseReference } from '../oci/reference.ts'
import type { KubernetesReleases } from '../releases/kubernetes-releases.ts'
import { lastPatchOfTags, minorOfLast } from '../releases/kubernetes-version.ts'
import { createRegistries } from './registries.ts'

/** A version that a command line names, and how it is known where the data does not have it. */
export interface NamedVersion {
  readonly text: string
  /** `v1.38.x is v1.38.4 by the tags of registry.k8s.io/kube-apiserver`. */
  readonly note?: string
}

/** Where the tags of a release are looked for. */
export interface TagPlace {
  /** HOST[/PATH]. */
  readonly repository: string
  readonly plainHttp: readonly string[]
}

/** Has the tag of every release, and no others but those of what is no release yet. */
const TAGGED = 'kube-apiserver'
const TAGS_MAX = 100_000

/**
 * Of `v1.38.x`, of which the data knows no patch, finds the last one that a registry has; every other version is left as
 * it is. Rejects with `USAGE` when there is none there either, and as the registry does.
 */
export async function findLastPatch(
  text: string,
  releases: KubernetesReleases,
  { repository, plainHttp }: TagPlace,
): Promise<NamedVersion> {
  const minor = minorOfLast(text)
  if (minor === undefined || releases.lastPatch(minor) !== undefined) return { text }
  const { host, name } = parseReference(`${repository}/${TAGGED}`)
  const registry = createRegistries({ plainHttp, signal: new AbortController().signal }).of(host!)
  const tags: string[] = []
  for await (const tag of registry.repository(name).tags()) if (tags.push(tag) >= TAGS_MAX) break
  const patch = lastPatchOfTags(minor, tags)
  const where = `${host}/${name}`
  if (patch === undefined) {
    const known = `the data has ${releases.first} to ${releases.last}`
    const message = `${text}: ${where} has no tag of Kubernetes ${minor}, and ${known}; name a version`
    throw new PortolanError('USAGE', message, { value: text })
  }
  const version = `v${minor}.${patch}`
  return { text: version, note: `${text} is ${version} by the tags of ${where}` }
}
