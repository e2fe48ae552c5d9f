import type { CacheRecords, ContentLink } from '../cache/content-cache.ts'
import type { Digest } from '../oci/digest.ts'
import { descriptorsOf, isIndex, isManifest, parseManifest } from '../oci/manifest.ts'
import { isSchema1 } from '../oci/schema1.ts'
import type { FetchedManifest } from '../registry/reader.ts'
import type { Runtime } from '../runtime.ts'
import { type Asked, askInTurn } from './ask-in-turn.ts'
import type { BackendAccess, RelayedRequest } from './backend-access.ts'
import { Lookups } from './lookups.ts'
import type { Origins } from './origins.ts'
import type { UpstreamRests } from './upstream-rests.ts'

type FailedOrAbsent = Exclude<Asked<never>, { readonly kind: 'found' }>

export interface LinksParts {
  readonly runtime: Pick<Runtime, 'now' | 'background'>
  readonly records: CacheRecords
  readonly origins: Origins
  readonly access: BackendAccess
  readonly rests: UpstreamRests
  /** How long "there is none" counts, in milliseconds. */
  readonly negative: () => number
}

/**
 * Which digests may be read in which repository: those that a manifest served there names, and those that an upstream
 * said it has there. That the bytes are on our disk, or in a store, opens them to nobody; and what came from one
 * registry is opened to those of another by that one's own word alone ({@link Origins}).
 */
export class Links {
  readonly #parts: LinksParts
  readonly #lookups: Lookups<ContentLink>

  constructor(parts: LinksParts) {
    this.#parts = parts
    this.#lookups = new Lookups(parts.runtime, parts.negative)
  }

  /** What is known of a digest in a repository, where that alone lets it be read. */
  known({ registry, name }: RelayedRequest, digest: Digest): ContentLink | undefined {
    const { records, origins } = this.#parts
    const link = records.link({ registry, name }, digest)
    return link !== undefined && origins.isOpenTo(registry, digest) ? link : undefined
  }

  /** The same of a blob, or else what upstreams say, once for all who ask. Never rejects. */
  async find(
    request: RelayedRequest,
    digest: Digest,
  ): Promise<{ readonly kind: 'found'; readonly value: ContentLink } | FailedOrAbsent> {
    const known = this.known(request, digest)
    // A manifest is no blob everywhere: its own registry says.
    if (known?.size !== undefined && known.mediaType === undefined) return { kind: 'found', value: known }
    const key = `${request.registry} ${request.name} ${digest}`
    return this.#lookups.get(key, () => this.#ask(request, digest))
  }

  /** Takes note of a manifest that a repository has, and of all that it names. */
  learn({ registry, name }: RelayedRequest, manifest: FetchedManifest): void {
    const { records } = this.#parts
    const repository = { registry, name }
    const links = linksOf(manifest)
    for (const digest of links.keys()) {
      // What a manifest says of another is less than what that says of itself.
      if (digest !== manifest.digest && records.link(repository, digest)?.size !== undefined)
        links.delete(digest)
    }
    if (links.size > 0) records.setLinks(repository, links)
  }

  async #ask(request: RelayedRequest, digest: Digest): Promise<Asked<ContentLink>> {
    const { access, rests, records, origins } = this.#parts
    const { registry, name } = request
    const asked = await askInTurn(await request.backends(), rests, async (upstream) => {
      return (await access.repository(upstream, name))?.stat(digest)
    })
    if (asked.kind !== 'found') return asked
    origins.note(registry, digest)
    if (records.link({ registry, name }, digest)?.mediaType === undefined) {
      records.setLinks({ registry, name }, new Map([[digest, asked.value]]))
    }
    return asked
  }
}

/** A manifest and what it names, each with its size. */
function linksOf({ digest, mediaType, bytes }: FetchedManifest): Map<Digest, ContentLink> {
  const size = bytes.length
  // What Docker's schema 1 names has no sizes: it is found when it is asked for.
  if (isSchema1(mediaType)) return new Map([[digest, { size, mediaType }]])
  const named = descriptorsOf(parseManifest(bytes, digest))
  const links = new Map<Digest, ContentLink>()
  for (const each of named) {
    const isOne = isManifest(each.mediaType) || isIndex(each.mediaType)
    links.set(each.digest, { size: each.size, ...(isOne && { mediaType: each.mediaType }) })
  }
  links.set(digest, { size, mediaType, children: [...new Set(named.map((each) => each.digest))] })
  return links
}
