import { GenerationalCache } from '../internal/generational-cache.ts'
import type { Digest } from '../oci/digest.ts'
import { parseManifest } from '../oci/manifest.ts'
import type { FetchedManifest } from '../registry/reader.ts'
import type { Runtime } from '../runtime.ts'
import { type Asked, askInTurn } from './ask-in-turn.ts'
import type { BackendAccess, RelayedRequest } from './backend-access.ts'
import type { Links } from './links.ts'
import type { SmallContents } from './memory-contents.ts'
import type { UpstreamRests } from './upstream-rests.ts'

/** Digests of which upstreams have said lately that there is no such manifest. */
const ABSENT_MAX = 20_000

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
  readonly #flights = new Map<string, Promise<Asked<FetchedManifest>>>()
  readonly #absent = new GenerationalCache<string, number>(ABSENT_MAX)

  constructor(parts: ManifestsParts) {
    this.#parts = parts
  }

  /** Never rejects. */
  async get(request: RelayedRequest, digest: Digest): Promise<FoundManifest> {
    const kept = await this.#kept(request, digest)
    if (kept !== undefined) return { kind: 'found', value: kept, cache: 'hit' }
    const { runtime } = this.#parts
    const key = `${request.registry} ${request.name} ${digest}`
    if ((this.#absent.get(key) ?? 0) > runtime.now()) return { kind: 'absent' }
    let flight = this.#flights.get(key)
    if (flight === undefined) {
      flight = this.#fetch(request, digest, key)
      this.#flights.set(key, flight)
      runtime.background(flight)
    }
    const asked = await flight
    return asked.kind === 'found' ? { kind: 'found', value: asked.value, cache: 'miss' } : asked
  }

  /** Keeps a manifest that an upstream has given for a repository, and notes what it names. */
  async take(request: RelayedRequest, manifest: FetchedManifest): Promise<void> {
    const { contents, links } = this.#parts
    await contents.put(manifest.digest, manifest.bytes)
    links.learn(request, manifest)
  }

  async #kept(request: RelayedRequest, digest: Digest): Promise<FetchedManifest | undefined> {
    const { contents, links } = this.#parts
    const mediaType = links.known(request, digest)?.mediaType
    if (mediaType === undefined) return undefined
    const bytes = await contents.read(digest)
    if (bytes === undefined) return undefined
    if (links.known(request, digest)?.children !== undefined) return { digest, mediaType, bytes }
    // It came for another repository, and here it was only named, by what may call it something else than it is.
    try {
      const manifest = { digest, mediaType: parseManifest(bytes, digest).mediaType, bytes }
      links.learn(request, manifest)
      return manifest
    } catch {
      return undefined
    }
  }

  async #fetch(request: RelayedRequest, digest: Digest, key: string): Promise<Asked<FetchedManifest>> {
    const { access, rests, runtime, negative } = this.#parts
    const asked = await askInTurn(await request.backends(), rests, async (upstream) => {
      return (await access.repository(upstream, request.name))?.manifest(digest)
    })
    this.#flights.delete(key)
    if (asked.kind === 'absent') this.#absent.set(key, runtime.now() + negative())
    if (asked.kind === 'found') await this.take(request, asked.value)
    return asked
  }
}
