import type { Digest } from '../oci/digest.ts'
import { parseManifest } from '../oci/manifest.ts'
import type { FetchedManifest } from '../registry/reader.ts'
import type { Runtime } from '../runtime.ts'
import { type Asked, askInTurn } from './ask-in-turn.ts'
import type { BackendAccess, RelayedRequest } from './backend-access.ts'
import type { Links } from './links.ts'
import { Lookups } from './lookups.ts'
import type { SmallContents } from './memory-contents.ts'
import type { UpstreamRests } from './upstream-rests.ts'

export interface ManifestsParts {
  readonly runtime: Pick<Runtime, 'now' | 'background'>
  readonly contents: SmallContents
  readonly access: BackendAccess
  readonly rests: UpstreamRests
  readonly links: Links
  /** How long "there is none" counts, in milliseconds. */
  readonly negative: () => number
}

/** A manifest, and whether it was at hand. */
export type FoundManifest =
  | { readonly kind: 'found'; readonly value: FetchedManifest; readonly cache: 'hit' | 'miss' }
  | Exclude<Asked<never>, { kind: 'found' }>

/** Manifests by digest: what was kept, or else what an upstream gives; once there, they are true for ever. */
export class Manifests {
  readonly #parts: ManifestsParts
  readonly #lookups: Lookups<FetchedManifest>

  constructor(parts: ManifestsParts) {
    this.#parts = parts
    this.#lookups = new Lookups(parts.runtime, parts.negative)
  }

  /** Never rejects. */
  async get(request: RelayedRequest, digest: Digest): Promise<FoundManifest> {
    const kept = await this.#kept(request, digest)
    if (kept !== undefined) return { kind: 'found', value: kept, cache: 'hit' }
    const key = `${request.registry} ${request.name} ${digest}`
    const asked = await this.#lookups.get(key, () => this.#fetch(request, digest))
    return asked.kind === 'found' ? { kind: 'found', value: asked.value, cache: 'miss' } : asked
  }

  /** Keeps a manifest that an upstream has given for a repository, and notes what it names. */
  async take(request: RelayedRequest, manifest: FetchedManifest): Promise<void> {
    const { contents, links } = this.#parts
    await contents.put(manifest.digest, manifest.bytes)
    links.learn(request, manifest, true)
  }

  async #kept(request: RelayedRequest, digest: Digest): Promise<FetchedManifest | undefined> {
    const { contents, links } = this.#parts
    const mediaType = links.known(request, digest)?.mediaType
    if (mediaType === undefined || !links.isProven(request, digest)) return undefined
    const bytes = await contents.read(digest)
    if (bytes === undefined) return undefined
    if (links.known(request, digest)?.children !== undefined) return { digest, mediaType, bytes }
    // It came for another repository, and here it was only named, by what may call it something else than it is.
    try {
      const manifest = { digest, mediaType: parseManifest(bytes, digest).mediaType, bytes }
      links.learn(request, manifest, false)
      return manifest
    } catch {
      return undefined
    }
  }

  async #fetch(request: RelayedRequest, digest: Digest): Promise<Asked<FetchedManifest>> {
    const { access, rests } = this.#parts
    const asked = await askInTurn(await request.backends(), rests, async (upstream) => {
      return (await access.repository(upstream, request.name))?.manifest(digest)
    })
    if (asked.kind === 'found') await this.take(request, asked.value)
    return asked
  }
}
