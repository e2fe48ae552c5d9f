import { PortolanError } from '../errors.ts'
import type { Semaphore } from '../internal/semaphore.ts'
import { type Digest, isVerifiable } from '../oci/digest.ts'
import type { Name } from '../oci/name.ts'
import { isSchema1, parseSchema1 } from '../oci/schema1.ts'
import type { FetchedManifest, Registry } from '../registry/reader.ts'
import type { KeptManifest, Workspace } from '../storage/workspace.ts'
import { type ManifestContent, readManifestContent } from './manifest-content.ts'

/** Where manifests are kept from one walk to the next. */
export type ManifestCache = Pick<Workspace, 'manifest' | 'keepManifest'>

/** Keeps manifests as long as one walk is under way. */
export class ManifestMemory implements ManifestCache {
  readonly #kept = new Map<Digest, KeptManifest>()

  async manifest(digest: Digest): Promise<KeptManifest | undefined> {
    return this.#kept.get(digest)
  }

  async keepManifest(digest: Digest, manifest: KeptManifest): Promise<void> {
    this.#kept.set(digest, manifest)
  }

  /** One that was read. */
  bytes(digest: Digest): KeptManifest {
    return this.#kept.get(digest)!
  }
}

/** Reads every manifest once, however many repositories and images lead to it. */
export class ManifestReader {
  readonly #source: Pick<Registry, 'repository'>
  readonly #cache: ManifestCache
  readonly #places: Semaphore
  readonly #reading = new Map<Digest, Promise<ManifestContent | PortolanError>>()
  readonly #contents = new Map<Digest, ManifestContent>()

  constructor(source: Pick<Registry, 'repository'>, cache: ManifestCache, places: Semaphore) {
    this.#source = source
    this.#cache = cache
    this.#places = places
  }

  /** What was read so far. */
  get contents(): ReadonlyMap<Digest, ManifestContent> {
    return this.#contents
  }

  /** What a manifest names, or why it cannot be had; rejects only when the cache does. */
  read(name: Name, digest: Digest): Promise<ManifestContent | PortolanError> {
    const before = this.#reading.get(digest)
    // One turn for all of it, so that no more manifests are in memory than are read at once.
    const take = () => this.#places.run(() => this.#read(name, digest))
    // What one repository could not give, another may.
    const reading =
      before === undefined
        ? take()
        : before.then((outcome) => (outcome instanceof PortolanError ? take() : outcome))
    this.#reading.set(digest, reading)
    return reading
  }

  /** Takes in a manifest that came with something else, so that it is not asked for; rejects only when the cache does. */
  async take(name: Name, fetched: FetchedManifest): Promise<void> {
    const { digest } = fetched
    if (this.#reading.has(digest)) return
    const taking = orFault(async () => keepable(name, fetched)).then((manifest) =>
      manifest instanceof PortolanError ? manifest : this.#note(name, digest, manifest, false),
    )
    this.#reading.set(digest, taking)
    await taking
  }

  async #read(name: Name, digest: Digest): Promise<ManifestContent | PortolanError> {
    if (!isVerifiable(digest)) {
      return invalid(`${name}@${digest} cannot be verified: only sha256 and sha512 can`, { digest })
    }
    const kept = await this.#cache.manifest(digest)
    const manifest = kept ?? (await this.#download(name, digest))
    if (manifest instanceof PortolanError) return manifest
    return this.#note(name, digest, manifest, kept !== undefined)
  }

  async #note(
    name: Name,
    digest: Digest,
    manifest: KeptManifest,
    isKept: boolean,
  ): Promise<ManifestContent | PortolanError> {
    const content = await orFault(async () => readManifestContent(manifest, `${name}@${digest}`))
    if (content instanceof PortolanError) return content
    this.#contents.set(digest, content)
    if (!isKept) await this.#cache.keepManifest(digest, manifest)
    return content
  }

  async #download(name: Name, digest: Digest): Promise<KeptManifest | PortolanError> {
    const fetched = await orFault(() => this.#source.repository(name).manifest(digest))
    if (fetched instanceof PortolanError) return fetched
    if (fetched === undefined) return invalid(`${name}@${digest} is named, but is not there`, { digest })
    if (fetched.digest !== digest) {
      return invalid(`${name}@${digest} came as ${fetched.digest}`, { digest, found: fetched.digest })
    }
    return orFault(async () => keepable(name, fetched))
  }
}

/** The digest of a signed one is of what was signed, and the cache holds bytes to their digest. */
function keepable(name: Name, { digest, mediaType, bytes }: FetchedManifest): KeptManifest {
  if (!isSchema1(mediaType)) return { mediaType, bytes }
  return { mediaType, bytes: parseSchema1(bytes, `${name}@${digest}`).payload }
}

/** What an action gives, or the PortolanError that it fails with; any other error is a mistake of ours and goes on. */
export async function orFault<T>(action: () => Promise<T>): Promise<T | PortolanError> {
  try {
    return await action()
  } catch (error) {
    if (error instanceof PortolanError) return error
    throw error
  }
}

function invalid(message: string, facts: Record<string, unknown>): PortolanError {
  return new PortolanError('CONTENT_INVALID', message, facts)
}
