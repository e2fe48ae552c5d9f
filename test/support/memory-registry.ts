import { createHash } from 'node:crypto'
import type { PortolanError } from '../../src/errors.ts'
import { type Digest, parseDigest } from '../../src/oci/digest.ts'
import {
  type Descriptor,
  DOCKER_INDEX,
  DOCKER_MANIFEST,
  OCI_CONFIG,
  OCI_INDEX,
  OCI_LAYER_GZIP,
  OCI_MANIFEST,
  type Platform,
  parseManifest,
} from '../../src/oci/manifest.ts'
import { type Name, parseName, parseTag, type Tag } from '../../src/oci/name.ts'
import { compareTags } from '../../src/oci/tag-order.ts'
import type {
  BlobInfo,
  BlobOptions,
  FetchedManifest,
  ListOptions,
  OpenedBlob,
  Registry,
  RepositoryReader,
  ResolvedManifest,
} from '../../src/registry/reader.ts'
import type { Source } from '../../src/transfer/source.ts'
import { watchStream } from '../../src/transport/watch-body.ts'

export const SCHEMA_1 = 'application/vnd.docker.distribution.manifest.v1+json'

/** What an image is made of; what is left out is made up. */
export interface TestImage {
  /** What each layer holds: the same text is the same blob. */
  readonly layers?: readonly (string | Descriptor)[]
  readonly config?: string
  readonly platform?: Platform
  readonly subject?: Descriptor
  readonly artifactType?: string
  /** Docker's schema 2 instead of OCI's. */
  readonly docker?: boolean
  readonly algorithm?: 'sha256' | 'sha512'
}

interface TestRepository {
  readonly tags: Map<string, Digest>
  readonly manifests: Map<string, FetchedManifest>
  readonly blobs: Map<string, Uint8Array<ArrayBuffer>>
}

/** A registry in memory, filled by a test, that notes what it is asked and refuses what it is told to refuse. */
export class MemoryRegistry implements Registry {
  readonly location = 'registry.test'
  /** Such as `tags kube/pause`, `HEAD kube/pause:3.9`, `GET kube/pause@sha256:…`, `referrers …`, `blob …`. */
  readonly requests: string[] = []
  /** By request: what it fails with, after what it has given of a list. */
  readonly failing = new Map<string, PortolanError>()
  /** What lies at other addresses, by them. */
  readonly others = new Map<string, Uint8Array<ArrayBuffer>>()
  /** Names of the repositories that have no list of referrers; `true` for all of them. */
  withoutReferrers: ReadonlySet<string> | true = new Set()
  readonly #repositories = new Map<string, TestRepository>()

  /** Adds a blob to a repository. */
  addBlob(name: string, content: string | Uint8Array<ArrayBuffer>, mediaType = OCI_LAYER_GZIP): Descriptor {
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content
    const digest = digestOf(bytes)
    this.#repository(name).blobs.set(digest, bytes)
    return { mediaType, digest, size: bytes.length }
  }

  /** Adds an image manifest and its blobs; the descriptor is what an index names it by. */
  addImage(name: string, image: TestImage = {}): Descriptor {
    const { layers = ['layer'], platform, subject, artifactType, docker = false } = image
    const mediaType = docker ? DOCKER_MANIFEST : OCI_MANIFEST
    const config = this.addBlob(name, image.config ?? JSON.stringify(platform ?? {}), OCI_CONFIG)
    const manifest = {
      schemaVersion: 2,
      mediaType,
      ...(artifactType !== undefined && { artifactType }),
      config,
      layers: layers.map((layer) => (typeof layer === 'string' ? this.addBlob(name, layer) : layer)),
      ...(subject && { subject }),
    }
    const descriptor = this.addManifest(name, manifest, mediaType, image.algorithm)
    return { ...descriptor, ...(platform && { platform }) }
  }

  /** Adds an index over manifests, or over anything else. */
  addIndex(name: string, manifests: readonly Descriptor[], docker = false): Descriptor {
    const mediaType = docker ? DOCKER_INDEX : OCI_INDEX
    return this.addManifest(name, { schemaVersion: 2, mediaType, manifests }, mediaType)
  }

  /** Adds a manifest of Docker's schema 1, and its blobs. */
  addSchema1(name: string, layers: readonly string[]): Descriptor {
    const fsLayers = layers.map((layer) => ({ blobSum: this.addBlob(name, layer).digest }))
    return this.addManifest(name, { schemaVersion: 1, name, fsLayers }, SCHEMA_1)
  }

  /** Adds any document as a manifest. */
  addManifest(
    name: string,
    document: object,
    mediaType: string,
    algorithm: 'sha256' | 'sha512' = 'sha256',
  ): Descriptor {
    const bytes = new TextEncoder().encode(JSON.stringify(document))
    const digest = digestOf(bytes, algorithm)
    this.#repository(name).manifests.set(digest, { digest, mediaType, bytes })
    return { mediaType, digest, size: bytes.length }
  }

  /** Lets a tag stand for a manifest, whether that is there or not. */
  tag(name: string, tag: string, { digest }: Pick<Descriptor, 'digest'>): void {
    this.#repository(name).tags.set(tag, digest)
  }

  /** The bytes of a manifest or blob, wherever it is. */
  bytes(digest: Digest): Uint8Array {
    for (const { manifests, blobs } of this.#repositories.values()) {
      const bytes = manifests.get(digest)?.bytes ?? blobs.get(digest)
      if (bytes !== undefined) return bytes
    }
    throw new Error(`${digest} is nowhere`)
  }

  /** Loses a manifest or blob of a repository. */
  lose(name: string, digest: Digest): void {
    this.#repository(name).manifests.delete(digest)
    this.#repository(name).blobs.delete(digest)
  }

  async *catalog(): AsyncIterable<Name> {
    this.requests.push('catalog')
    for (const name of this.#repositories.keys()) yield parseName(name)!
    this.#fail('catalog')
  }

  elsewhere(url: string): Source {
    return {
      location: url,
      open: async (start) => {
        this.#ask(`elsewhere ${url}`)
        const bytes = this.others.get(url)
        return bytes && { start, size: bytes.length, body: new Blob([bytes.subarray(start)]).stream() }
      },
    }
  }

  async *childRepositories(): AsyncIterable<Name> {
    this.requests.push('childRepositories')
    for (const name of this.#repositories.keys()) yield parseName(name)!
    this.#fail('childRepositories')
  }

  repository(name: Name): RepositoryReader {
    return {
      location: this.location,
      tags: (options) => this.tags(name, options),
      resolve: (tag) => this.resolve(name, tag),
      manifest: (reference) => this.manifest(name, reference),
      referrers: (subject) => this.referrers(name, subject),
      stat: (digest) => this.stat(name, digest),
      blob: (digest, options) => this.blob(name, digest, options),
    }
  }

  async *tags(name: Name, { onInvalid }: ListOptions = {}): AsyncIterable<Tag> {
    this.requests.push(`tags ${name}`)
    const tags = this.#repositories.get(name)?.tags.keys() ?? []
    for (const text of [...tags].toSorted(compareTags)) {
      const tag = parseTag(text)
      if (tag === undefined) onInvalid?.(text)
      else yield tag
    }
    this.#fail(`tags ${name}`)
  }

  async resolve(name: Name, tag: Tag): Promise<ResolvedManifest | undefined> {
    this.#ask(`HEAD ${name}:${tag}`)
    const digest = this.#repositories.get(name)?.tags.get(tag)
    return digest === undefined ? undefined : { digest }
  }

  async manifest(name: Name, reference: Tag | Digest): Promise<FetchedManifest | undefined> {
    const { tags, manifests } = this.#repositories.get(name) ?? EMPTY
    const digest = tags.get(reference) ?? reference
    this.#ask(`GET ${name}@${digest}`)
    return manifests.get(digest)
  }

  async referrers(name: Name, subject: Digest): Promise<readonly Descriptor[] | 'unsupported'> {
    this.#ask(`referrers ${name}@${subject}`)
    if (this.withoutReferrers === true || this.withoutReferrers.has(name)) return 'unsupported'
    const found: Descriptor[] = []
    for (const { digest, mediaType, bytes } of this.#repositories.get(name)?.manifests.values() ?? []) {
      if (mediaType === SCHEMA_1) continue
      const { subject: about, artifactType, annotations } = parseManifest(bytes, digest)
      if (about?.digest !== subject) continue
      const more = {
        ...(artifactType !== undefined && { artifactType }),
        ...(annotations && { annotations }),
      }
      found.push({ mediaType, digest, size: bytes.length, ...more })
    }
    return found
  }

  async stat(name: Name, digest: Digest): Promise<BlobInfo | undefined> {
    this.#ask(`HEAD blob ${name}@${digest}`)
    const bytes = this.#repositories.get(name)?.blobs.get(digest)
    return bytes && { size: bytes.length }
  }

  async blob(
    name: Name,
    digest: Digest,
    { start = 0, end, signal }: BlobOptions = {},
  ): Promise<OpenedBlob | undefined> {
    signal?.throwIfAborted()
    this.#ask(`blob ${name}@${digest}`)
    const bytes = this.#repositories.get(name)?.blobs.get(digest)
    if (bytes === undefined) return undefined
    const body = watchStream(new Blob([bytes.slice(start, end)]).stream(), {
      async read(read) {
        signal?.throwIfAborted()
        return read()
      },
    })
    return { start, size: bytes.length, body }
  }

  #repository(name: string): TestRepository {
    const repository = this.#repositories.get(name) ?? {
      tags: new Map(),
      manifests: new Map(),
      blobs: new Map(),
    }
    this.#repositories.set(name, repository)
    return repository
  }

  #ask(request: string): void {
    this.requests.push(request)
    this.#fail(request)
  }

  #fail(request: string): void {
    const error = this.failing.get(request)
    if (error !== undefined) throw error
  }
}

const EMPTY: TestRepository = { tags: new Map(), manifests: new Map(), blobs: new Map() }

function digestOf(bytes: Uint8Array, algorithm = 'sha256'): Digest {
  return parseDigest(`${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`)!
}
