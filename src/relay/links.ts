import type { CacheRecords, ContentLink } from '../cache/content-cache.ts'
import { GenerationalCache } from '../internal/generational-cache.ts'
import type { Digest } from '../oci/digest.ts'
import { descriptorsOf, isIndex, isManifest, parseManifest } from '../oci/manifest.ts'
import { isSchema1 } from '../oci/schema1.ts'
import type { FetchedManifest } from '../registry/reader.ts'
import type { Runtime } from '../runtime.ts'
import { type Asked, askInTurn } from './ask-in-turn.ts'
import type { BackendAccess, RelayedRequest } from './backend-access.ts'
import type { UpstreamRests } from './upstream-rests.ts'

type FailedOrAbsent = Exclude<Asked<never>, { readonly kind: 'found' }>

/** Digests of which upstreams have said lately that a repository has them not. */
const ABSENT_MAX = 50_000

export interface LinksParts {
  readonly runtime: Pick<Runtime, 'now' | 'background'>
  readonly records: CacheRecords
  readonly access: BackendAccess
  readonly rests: UpstreamRests
  /** How long "there is none" counts, in milliseconds. */
  readonly negative: () => number
}

/**
 * Which digests may be read in which repository: those that a manifest served there names, and those that an upstream
 * said it has there. That the bytes are on our disk, or in a store, opens them to nobody.
 */
export class Links {
  readonly #parts: LinksParts
  readonly #flights = new Map<string, Promise<Asked<ContentLink>>>()
  /** Until when, in the runtime's time. */
  readonly #absent = new GenerationalCache<string, number>(ABSENT_MAX)

  constructor(parts: LinksParts) {
    this.#parts = parts
  }

  /** What is known of a digest in a repository. */
  known({ registry, name }: RelayedRequest, digest: Digest): ContentLink | undefined {
    return this.#parts.records.link({ registry, name }, digest)
  }

  /** The same of a blob, or else what upstreams say, once for all who ask. Never rejects. */
  async find(
    request: RelayedRequest,
    digest: Digest,
  ): Promise<{ readonly kind: 'found'; readonly value: ContentLink } | FailedOrAbsent> {
    const known = this.known(request, digest)
    // A manifest is no blob everywhere: its own registry says.
    if (known?.size !== undefined && known.mediaType === undefined) return { kind: 'found', value: known }
    const { runtime } = this.#parts
    const key = `${request.registry} ${request.name} ${digest}`
    if ((this.#absent.get(key) ?? 0) > runtime.now()) return { kind: 'absent' }
    let flight = this.#flights.get(key)
    if (flight === undefined) {
      flight = this.#ask(request, digest, key)
      this.#flights.set(key, flight)
      runtime.background(flight)
    }
    return flight
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

  async #ask(request: RelayedRequest, digest: Digest, key: string): Promise<Asked<ContentLink>> {
    const { access, rests, records, runtime, negative } = this.#parts
    const { registry, name } = request
    const asked = await askInTurn(await request.backends(), rests, async (upstream) => {
      return (await access.repository(upstream, name))?.stat(digest)
    })
    this.#flights.delete(key)
    if (asked.kind === 'found' && this.known(request, digest)?.mediaType === undefined) {
      records.setLinks({ registry, name }, new Map([[digest, asked.value]]))
    }
    if (asked.kind === 'absent') this.#absent.set(key, runtime.now() + negative())
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
