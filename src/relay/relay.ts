import type { ContentCache, HeldContent } from '../cache/content-cache.ts'
import type { RevalidateConfig } from '../config/config.ts'
import type { FilePart } from '../internal/file-part.ts'
import type { Runtime } from '../runtime.ts'
import type { BackendAccess, RelayedRequest } from './backend-access.ts'
import { Blobs, type PartRange } from './blobs.ts'
import { Links } from './links.ts'
import { Manifests } from './manifests.ts'
import { createMemoryContents } from './memory-contents.ts'
import { NamedAnswers } from './named-answers.ts'
import { RelayedRepository, type RepositoryParts } from './relayed-repository.ts'
import { UpstreamRests } from './upstream-rests.ts'

export interface RelayParts {
  readonly runtime: Runtime
  /** What is kept; absent where nothing is. */
  readonly cache: ContentCache | undefined
  readonly access: BackendAccess
  readonly settings: () => RevalidateConfig
  /** Makes a part of what the cache has open, for an answer. */
  readonly partOf: (content: HeldContent, part: PartRange) => FilePart
  /** Told of bytes that came from backends and are not kept. */
  readonly onPassed: (bytes: number) => void
  /** Whether everybody may read a registry while another one of the mirror is for known clients alone. */
  readonly isExposed: (registry: string) => boolean
}

/**
 * What a mirror gives to clients: from what it keeps, or else from backends. It is the only one who asks them on behalf
 * of clients, and asks once for all who want the same.
 */
export class Relay {
  readonly #shared: RepositoryParts

  constructor(parts: RelayParts) {
    const { runtime, cache, access, settings, isExposed } = parts
    const contents = cache ?? createMemoryContents()
    const { records } = contents
    const rests = new UpstreamRests(runtime)
    const negative = () => settings().negative
    const links = new Links({ runtime, records, access, rests, negative, isExposed })
    const manifests = new Manifests({ runtime, contents, access, rests, links, negative })
    const answers = new NamedAnswers(runtime, { records, settings })
    const blobs = new Blobs({
      ...parts,
      rests,
      onWrong: (request, digest) => links.forgetSize(request, digest),
    })
    this.#shared = {
      runtime,
      contents,
      access,
      rests,
      links,
      manifests,
      answers,
      blobs,
      keeps: cache !== undefined,
    }
  }

  /** The repository that a request is about, for this request alone. */
  repository(request: RelayedRequest): RelayedRepository {
    return new RelayedRepository(request, this.#shared)
  }
}
