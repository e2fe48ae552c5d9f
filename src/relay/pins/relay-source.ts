import type { ManagedCache } from '../../cache/managed-cache.ts'
import { PortolanError } from '../../errors.ts'
import { type Digest, parseDigest } from '../../oci/digest.ts'
import type { Descriptor } from '../../oci/manifest.ts'
import { parseName, type Tag } from '../../oci/name.ts'
import type { FetchedManifest } from '../../registry/reader.ts'
import type { RelayedRequest } from '../backend-access.ts'
import type { Relay } from '../relay.ts'
import type { PinnedRepository, PinSource } from './pin-source.ts'

export interface RelaySourceParts {
  readonly relay: Relay
  readonly cache: Pick<ManagedCache, 'stat' | 'filling' | 'records' | 'status'>
  /** A request for something in a repository on nobody's behalf; `undefined` of a registry that the mirror has not. */
  readonly request: (
    repository: PinnedRepository,
    kind: 'tag' | 'manifest' | 'blob',
  ) => RelayedRequest | undefined
}

/** Of registries it is asked whether there are any, whatever is in them. */
const ANY = parseName('any')!

/** The mirror itself, as its pinned set asks it: just as clients do, but for the answers. */
export class RelaySource implements PinSource {
  readonly #parts: RelaySourceParts

  constructor(parts: RelaySourceParts) {
    this.#parts = parts
  }

  knows(registry: string): boolean {
    return this.#parts.request({ registry, name: ANY }, 'tag') !== undefined
  }

  async manifest(
    repository: PinnedRepository,
    reference: Tag | Digest,
  ): Promise<FetchedManifest | undefined> {
    const kind = parseDigest(reference) === undefined ? 'tag' : 'manifest'
    const manifest = await this.#repository(repository, kind).manifest(reference)
    if (manifest !== undefined && this.#parts.cache.stat(manifest.digest) === undefined) {
      throw this.#notKept(manifest.digest)
    }
    return manifest
  }

  async keep(repository: PinnedRepository, { digest }: Descriptor): Promise<void> {
    const { cache } = this.#parts
    const opened = await this.#repository(repository, 'blob').blob(digest)
    if (opened === undefined) {
      const message = `${repository.registry} has no blob ${digest}, which a manifest of ${repository.name} names`
      throw new PortolanError('CONTENT_INVALID', message, { digest })
    }
    const fill = cache.filling(digest)
    // Its bytes are of no use here: the fill goes on without anybody who reads it.
    if (opened.part !== undefined) opened.part.close()
    else await opened.body.cancel()
    await fill?.ended
    if (cache.stat(digest) === undefined) throw this.#notKept(digest)
  }

  *recall(repository: PinnedRepository, reference: Tag | Digest): Iterable<Digest> {
    const { records } = this.#parts.cache
    const { registry, name } = repository
    const root =
      parseDigest(reference) ?? records.answer({ registry, name, kind: 'tag', of: reference })?.digest
    const seen = new Set<Digest>(root === undefined ? [] : [root])
    for (const digest of seen) {
      yield digest
      for (const child of records.link(repository, digest)?.children ?? []) seen.add(child)
    }
  }

  #repository(repository: PinnedRepository, kind: 'tag' | 'manifest' | 'blob') {
    const request = this.#parts.request(repository, kind)
    if (request !== undefined) return this.#parts.relay.repository(request)
    const { registry } = repository
    throw new PortolanError('USAGE', `the mirror has no registry ${registry}`, { registry })
  }

  #notKept(digest: Digest): PortolanError {
    const { trouble, size } = this.#parts.cache.status()
    const why = trouble?.message ?? `of its ${size} bytes (cache.size), none are left for it`
    return new PortolanError('FILE_UNWRITABLE', `the mirror could not keep ${digest}: ${why}`, { digest })
  }
}
