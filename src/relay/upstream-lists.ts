import { type Digest, digestAlgorithm, digestEncoded } from '../oci/digest.ts'
import { parseManifest } from '../oci/manifest.ts'
import { parseTag, type Tag } from '../oci/name.ts'
import { compareTags } from '../oci/tag-order.ts'
import type { RepositoryReader } from '../registry/reader.ts'
import type { NewAnswer } from './named-answers.ts'

/** What an upstream gave: a manifest, or what is to be kept as a list. */
export type Made = NewAnswer | { readonly list: readonly unknown[] }

/** All tags, in the order of lists; `undefined` where there is none. */
export async function listOf(reader: RepositoryReader): Promise<Made | undefined> {
  const list: Tag[] = []
  for await (const tag of reader.tags()) list.push(tag)
  return list.length === 0 ? undefined : { list: list.toSorted(compareTags) }
}

/** By the API, or else by the tag that stands in for it (OCI distribution spec 1.1, "Referrers Tag Schema"). */
export async function referrersOf(reader: RepositoryReader, subject: Digest): Promise<Made | undefined> {
  const list = await reader.referrers(subject)
  if (list !== 'unsupported') return { list }
  const tag = parseTag(`${digestAlgorithm(subject)}-${digestEncoded(subject)}`)
  const manifest = tag && (await reader.manifest(tag))
  if (manifest === undefined) return undefined
  const index = parseManifest(manifest.bytes, manifest.digest)
  return index.kind === 'index' ? { list: index.manifests } : undefined
}
