import { PortolanError } from '../errors.ts'
import { type Digest, digestAlgorithm, isVerifiable, parseDigest } from '../oci/digest.ts'
import { isIndex, isManifest, MANIFEST_ACCEPT, MANIFEST_MAX_BYTES, parseManifest } from '../oci/manifest.ts'
import { DOCKER_SCHEMA1, DOCKER_SCHEMA1_SIGNED, isSchema1, parseSchema1 } from '../oci/schema1.ts'
import type { HashAlgorithm, Runtime } from '../runtime.ts'
import type { Asker, Document } from './ask.ts'
import type { RegistryQuestion } from './question.ts'
import type { FetchedManifest, ResolvedManifest } from './reader.ts'
import { refusal } from './refusal.ts'

/** What is sent along to get a manifest as it is. Schema 1 last: there are registries that translate into what is asked for first. */
export const MANIFEST_HEADERS = { Accept: `${MANIFEST_ACCEPT}, ${DOCKER_SCHEMA1_SIGNED}, ${DOCKER_SCHEMA1}` }

/**
 * A manifest or index, or Docker's schema 1, of which the digest is that of the signed payload; checked against `asked`,
 * else against `Docker-Content-Digest`. Its media type is what it is read as, and never contradicts the registry's.
 */
export async function fetchManifest(
  asker: Asker,
  question: RegistryQuestion,
  asked: Digest | undefined,
  runtime: Pick<Runtime, 'createHash'>,
): Promise<FetchedManifest | undefined> {
  const document = await asker.read({ ...question, headers: MANIFEST_HEADERS }, MANIFEST_MAX_BYTES)
  return document && checkManifest(document, question, asked, runtime)
}

function checkManifest(
  document: Document,
  question: RegistryQuestion,
  asked: Digest | undefined,
  runtime: Pick<Runtime, 'createHash'>,
): FetchedManifest {
  const { bytes, headers } = document
  const { mediaType, payload } = readManifest(document, question)
  const expected = asked ?? statedDigest(headers, question)
  if (expected !== undefined && !isVerifiable(expected)) {
    throw invalid(question, `${expected} cannot be checked; expected sha256 or sha512`)
  }
  const algorithm = expected === undefined ? 'sha256' : (digestAlgorithm(expected) as HashAlgorithm)
  const hash = runtime.createHash(algorithm)
  hash.update(payload)
  const digest = `${algorithm}:${hash.hex()}` as Digest
  if (expected !== undefined && digest !== expected) {
    throw invalid(
      question,
      `its bytes are those of ${digest}, not of ${expected}; the registry or a proxy before it is broken`,
    )
  }
  return { digest, mediaType, bytes }
}

/** What a tag stands for, by HEAD; by GET where that is not allowed or gives no digest. */
export async function resolveManifest(
  asker: Asker,
  question: RegistryQuestion,
  runtime: Pick<Runtime, 'createHash'>,
  onAnswer: (headers: Headers, digest: Digest) => void = () => {},
): Promise<ResolvedManifest | undefined> {
  const head: RegistryQuestion = { ...question, method: 'HEAD', headers: MANIFEST_HEADERS }
  const response = await asker.ask(head)
  await response.body?.cancel()
  if (response.status === 404) return undefined
  if (response.status !== 200 && response.status !== 405) throw await refusal(head, response)
  const digest = response.status === 200 ? statedDigest(response.headers, question) : undefined
  if (digest !== undefined) {
    onAnswer(response.headers, digest)
    return { digest }
  }
  const manifest = await fetchManifest(asker, question, undefined, runtime)
  return manifest && { digest: manifest.digest, manifest }
}

/** The entity tag that registries which have any give a manifest: its digest (as distribution does). */
export function entityTagOf(digest: Digest): string {
  return `"${digest}"`
}

/** What a tag stands for now, by one GET; without its bytes where it is `known` and the registry says so by 304. */
export async function fetchUnlessKnown(
  asker: Asker,
  question: RegistryQuestion,
  known: Digest,
  runtime: Pick<Runtime, 'createHash'>,
): Promise<ResolvedManifest | undefined> {
  const asked = { ...question, headers: MANIFEST_HEADERS }
  const document = await asker.readUnless(entityTagOf(known), asked, MANIFEST_MAX_BYTES)
  if (document === undefined) return undefined
  if (document === 'unchanged') return { digest: known }
  const manifest = checkManifest(document, question, undefined, runtime)
  return { digest: manifest.digest, manifest }
}

function statedDigest(headers: Headers, question: RegistryQuestion): Digest | undefined {
  const text = headers.get('Docker-Content-Digest')
  if (text === null) return undefined
  const digest = parseDigest(text)
  if (digest === undefined) throw invalid(question, 'its Docker-Content-Digest is no digest')
  return digest
}

function readManifest(
  { bytes, headers }: Document,
  question: RegistryQuestion,
): { mediaType: string; payload: Uint8Array } {
  const type = (headers.get('Content-Type') ?? '').split(';')[0]!.trim().toLowerCase()
  if (isSchema1(type)) return parseSchema1(bytes, question.what)
  const { mediaType } = parseManifest(bytes, question.what)
  // A client takes it by its `Content-Type`, which no digest covers (CVE-2021-41190).
  if ((isManifest(type) || isIndex(type)) && type !== mediaType) {
    throw invalid(question, `it is ${mediaType}, but the registry calls it ${type}`)
  }
  return { mediaType, payload: bytes }
}

function invalid({ what, facts }: RegistryQuestion, why: string): PortolanError {
  return new PortolanError('CONTENT_INVALID', `${what} is refused: ${why}`, facts)
}
