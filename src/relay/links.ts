import type { CacheRecords, ContentLink } from '../cache/content-cache.ts'
import type { Digest } from '../oci/digest.ts'
import { descriptorsOf, isIndex, isManifest, parseManifest } from '../oci/manifest.ts'
import { isSchema1 } from '../oci/schema1.ts'
import type { BlobInfo, FetchedManifest, RepositoryReader } from '../registry/reader.ts'
import type { Runtime } from '../runtime.ts'
import { type Asked, askInTurn } from './ask-in-turn.ts'
import type { BackendAccess, RelayedRequest } from './backend-access.ts'
import { Lookups } from './lookups.ts'
import type { UpstreamRests } from './upstream-rests.ts'

type FailedOrAbsent = Exclude<Asked<never>, { readonly kind: 'found' }>

export interface LinksParts {
  readonly runtime: Pick<Runtime, 'now' | 'background'>
  readonly records: CacheRecords
  readonly access: BackendAccess
  readonly rests: UpstreamRests
  /** How long "there is none" counts, in milliseconds. */
  readonly negative: () => number
  /**
   * Whether everybody may read a registry while another of the mirror is for known clients alone: what a manifest names
   * there may be the other one's, and nobody need have pushed more than the manifest.
   */
  readonly isExposed: (registry: string) => boolean
}

/**
 * Which digests may be read in which repository: those that a manifest served there names, and those that an upstream
 * said it has there; in a registry that is exposed, the latter alone. That the bytes are on our disk, or in a store,
 * opens them to nobody.
 */
export class Links {
  readonly #parts: LinksParts
  readonly #lookups: Lookups<ContentLink>

  constructor(parts: LinksParts) {
    this.#parts = parts
    this.#lookups = new Lookups(parts.runtime, parts.negative)
  }

  /** What is known of a digest in a repository. */
  known({ registry, name }: RelayedRequest, digest: Digest): ContentLink | undefined {
    return this.#parts.records.link({ registry, name }, digest)
  }

  /** Whether what is kept of a digest may be given in a repository: where that is not sure, its upstreams must say. */
  isProven({ registry, name }: RelayedRequest, digest: Digest): boolean {
    const { records, isExposed } = this.#parts
    if (!isExposed(registry) || records.link({ registry, name }, digest)?.given) return true
    // What everybody may read in one place is no secret in another.
    for (const [repository, { given }] of records.links(digest)) {
      if (given && isExposed(repository.registry)) return true
    }
    return false
  }

  /** Has upstreams asked again how long a blob is: what came was not as long, or not the blob at all. */
  forgetSize(request: RelayedRequest, digest: Digest): void {
    const known = this.known(request, digest)
    if (known?.size === undefined || known.mediaType !== undefined) return
    const { size: _, ...rest } = known
    const { registry, name } = request
    this.#parts.records.setLinks({ registry, name }, new Map([[digest, rest]]))
  }

  /** The same of a blob, or else what upstreams say, once for all who ask. Never rejects. */
  async find(
    request: RelayedRequest,
    digest: Digest,
  ): Promise<{ readonly kind: 'found'; readonly value: ContentLink } | FailedOrAbsent> {
    const known = this.known(request, digest)
    // A manifest is no blob everywhere: its own registry says.
    const isKnown = known?.size !== undefined && known.mediaType === undefined
    if (isKnown && this.isProven(request, digest)) return { kind: 'found', value: known }
    const key = `${request.registry} ${request.name} ${digest}`
    return this.#lookups.get(key, () => this.#ask(request, digest))
  }

  /** Takes note of a manifest that a repository has, and of all that it names; `given` by an upstream, or only kept. */
  learn({ registry, name }: RelayedRequest, manifest: FetchedManifest, given: boolean): void {
    const { records } = this.#parts
    const repository = { registry, name }
    const links = linksOf(manifest)
    for (const [digest, link] of links) {
      const before = records.link(repository, digest)
      const isOwn = digest === manifest.digest
      // What a manifest says of another is less than what that says of itself.
      if (!isOwn && before?.size !== undefined) links.delete(digest)
      else if (before?.given || (isOwn && given)) links.set(digest, { ...link, given: true })
    }
    if (links.size > 0) records.setLinks(repository, links)
  }

  async #ask(request: RelayedRequest, digest: Digest): Promise<Asked<ContentLink>> {
    const { access, rests, records } = this.#parts
    const { registry, name } = request
    const asked = await askInTurn(await request.backends(), rests, async (upstream) => {
      const reader = await access.repository(upstream, name)
      return reader && statBlob(reader, digest)
    })
    const known = this.known(request, digest)
    if (asked.kind === 'found' && known?.mediaType === undefined) {
      records.setLinks({ registry, name }, new Map([[digest, { ...known, ...asked.value, given: true }]]))
    }
    return asked
  }
}

/** By HEAD; one that does not say how long the blob is says so with its first byte. */
async function statBlob(reader: RepositoryReader, digest: Digest): Promise<BlobInfo | undefined> {
  const found = await reader.stat(digest)
  if (found === undefined || found.size !== undefined) return found
  const opened = await reader.blob(digest, { start: 0, end: 1 })
  await opened?.body.cancel()
  return opened?.size === undefined ? found : { size: opened.size }
}

/** Images have some dozens; who names more of them means harm, and may ask for each. */
const NAMED_MAX = 1000

/** A manifest and what it names, each with its size. */
function linksOf({ digest, mediaType, bytes }: FetchedManifest): Map<Digest, ContentLink> {
  const size = bytes.length
  // What Docker's schema 1 names has no sizes: it is found when it is asked for.
  if (isSchema1(mediaType)) return new Map([[digest, { size, mediaType }]])
  const named = descriptorsOf(parseManifest(bytes, digest))
  if (named.length > NAMED_MAX) return new Map([[digest, { size, mediaType, children: [] }]])
  const links = new Map<Digest, ContentLink>()
  for (const each of named) {
    const isOne = isManifest(each.mediaType) || isIndex(each.mediaType)
    links.set(each.digest, { size: each.size, ...(isOne && { mediaType: each.mediaType }) })
  }
  links.set(digest, { size, mediaType, children: [...new Set(named.map((each) => each.digest))] })
  return links
}
