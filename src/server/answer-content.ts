import { PortolanError } from '../errors.ts'
import type { Digest } from '../oci/digest.ts'
import type { OciFault } from '../oci/errors.ts'
import { OCI_INDEX } from '../oci/manifest.ts'
import type { Tag } from '../oci/name.ts'
import type { OciRequest } from '../oci/path.ts'
import type { FetchedManifest, RegistryReader, RepositoryReader } from '../registry/reader.ts'
import { answerTags } from './answer-tags.ts'
import { parseRange } from './byte-range.ts'
import { faultReply } from './fault-reply.ts'
import { BRIEF, jsonReply } from './json-reply.ts'
import type { DoorReply } from './reply.ts'

/** A request for something in a repository. */
export type ContentRequest = Exclude<OciRequest, { kind: 'base' | 'catalog' }>

/** The rest of a request: GET or HEAD, its query (raw, with or without `?`), its headers by lower-case name. */
export interface ContentFacts {
  readonly method: string
  readonly query: string
  header(name: string): string | undefined
}

/** What a digest names never changes. */
const IMMUTABLE = 'public, max-age=31536000, immutable'

/**
 * Answers a request from content that is at hand; a HEAD gets the headers of the GET. Accept is not looked at: a
 * manifest is served as it is stored, since any other form of it would have another digest.
 *
 * Rejects with the PortolanError of the content when that is there but cannot be had.
 */
export async function answerContent(
  content: RegistryReader,
  request: ContentRequest,
  facts: ContentFacts,
): Promise<DoorReply> {
  const repository = await content.repository(request.name)
  const reply =
    repository === undefined
      ? faultReply({
          code: 'NAME_UNKNOWN',
          message: 'there is no such repository',
          detail: { name: request.name },
        })
      : await answer(repository, request, facts)
  if (facts.method !== 'HEAD') return reply
  return { status: reply.status, headers: reply.headers }
}

async function answer(
  repository: RepositoryReader,
  request: ContentRequest,
  facts: ContentFacts,
): Promise<DoorReply> {
  switch (request.kind) {
    case 'manifest':
      return answerManifest(repository, request, facts)
    case 'blob':
      return answerBlob(repository, request, facts)
    case 'tags':
      return answerTags(request.name, await listOf(repository.tags()), facts.query)
    case 'referrers':
      return answerReferrers(repository, request, facts)
  }
}

async function answerManifest(
  repository: RepositoryReader,
  { byDigest, reference }: ContentRequest & { kind: 'manifest' },
  facts: ContentFacts,
): Promise<DoorReply> {
  const manifest = await repository.manifest(reference)
  if (manifest === undefined) {
    return faultReply({
      code: 'MANIFEST_UNKNOWN',
      message: 'the repository has no such manifest',
      detail: { reference },
    })
  }
  const headers = identity(manifest, byDigest ? IMMUTABLE : BRIEF)
  if (isFresh(facts, headers)) return { status: 304, headers }
  headers['Content-Type'] = manifest.mediaType
  headers['Content-Length'] = String(manifest.bytes.length)
  return { status: 200, headers, body: manifest.bytes }
}

async function answerBlob(
  repository: RepositoryReader,
  { digest }: ContentRequest & { kind: 'blob' },
  facts: ContentFacts,
): Promise<DoorReply> {
  const found = await repository.stat(digest)
  if (found === undefined) return unknownBlob(digest)
  const { size } = found
  if (size === undefined) {
    throw new PortolanError('CONTENT_INVALID', `${repository.location} does not say how long ${digest} is`)
  }
  const headers = identity({ digest }, IMMUTABLE)
  if (isFresh(facts, headers)) return { status: 304, headers }
  headers['Accept-Ranges'] = 'bytes'
  const range = requestedRange(size, facts, headers)
  if (range === 'unsatisfiable') {
    const fault: OciFault = {
      code: 'UNSUPPORTED',
      message: `the blob has ${size} bytes, none in this range`,
    }
    return faultReply(fault, 416, { 'Content-Range': `bytes */${size}` })
  }
  const { start, end } = range ?? { start: 0, end: size }
  headers['Content-Type'] = 'application/octet-stream'
  headers['Content-Length'] = String(end - start)
  if (range !== undefined) headers['Content-Range'] = `bytes ${start}-${end - 1}/${size}`
  const status = range === undefined ? 200 : 206
  if (facts.method === 'HEAD') return { status, headers }
  const blob = await repository.blob(digest, { start, end })
  return blob === undefined ? unknownBlob(digest) : { status, headers, body: blob.part ?? blob.body }
}

function unknownBlob(digest: Digest): DoorReply {
  return faultReply({ code: 'BLOB_UNKNOWN', message: 'the repository has no such blob', detail: { digest } })
}

/** RFC 9110, 14.2: Range counts for GET alone; 13.1.5: and only if If-Range names what we have, by its strong ETag. */
function requestedRange(size: number, facts: ContentFacts, headers: DoorReply['headers']) {
  if (facts.method !== 'GET') return undefined
  const condition = facts.header('if-range')
  if (condition !== undefined && condition !== headers.ETag) return undefined
  return parseRange(facts.header('range'), size)
}

/** At once where that can be: a list of a million tags is not worth a million turns. */
async function listOf(tags: Iterable<Tag> | AsyncIterable<Tag>): Promise<readonly Tag[]> {
  if (Symbol.iterator in tags) return [...tags]
  const all: Tag[] = []
  for await (const tag of tags) all.push(tag)
  return all
}

async function answerReferrers(
  repository: RepositoryReader,
  { digest }: ContentRequest & { kind: 'referrers' },
  facts: ContentFacts,
): Promise<DoorReply> {
  const artifactType = new URLSearchParams(facts.query).get('artifactType')
  const all = await repository.referrers(digest)
  // OCI distribution spec 1.1, "Listing Referrers": by this, clients know that there is a fallback tag to ask for.
  if (all === 'unsupported')
    return faultReply({ code: 'UNSUPPORTED', message: 'there is no list of referrers' })
  const manifests = artifactType ? all.filter((referrer) => referrer.artifactType === artifactType) : all
  const reply = jsonReply(OCI_INDEX, { schemaVersion: 2, mediaType: OCI_INDEX, manifests })
  if (artifactType) reply.headers['OCI-Filters-Applied'] = 'artifactType'
  return reply
}

function identity({ digest }: Pick<FetchedManifest, 'digest'>, caching: string): DoorReply['headers'] {
  return {
    'Docker-Content-Digest': digest,
    ETag: `"${digest}"`,
    'Cache-Control': caching,
    'Docker-Distribution-Api-Version': 'registry/2.0',
  }
}

/** RFC 9110, 13.1.2: a weak comparison. A comma or a quote cannot be part of a digest, so that no parser is needed. */
function isFresh(facts: ContentFacts, headers: DoorReply['headers']): boolean {
  const condition = facts.header('if-none-match')
  if (condition === undefined) return false
  return condition.split(',').some((part) => {
    const tag = part.trim()
    return tag === '*' || (tag.startsWith('W/') ? tag.slice(2) : tag) === headers.ETag
  })
}
