import { PortolanError } from '../errors.ts'
import type { Asker } from './ask.ts'
import type { RegistryQuestion } from './question.ts'
import { refusal } from './refusal.ts'
import type { PushedManifest, PutManifestResult } from './writer.ts'

/** What may mean that it is stored, and is the answer of a login page as well. */
const PERHAPS = [200, 202, 204]

/**
 * Stores a manifest (OCI distribution spec 1.1, "Pushing Manifests"); the question's URL names it. `isThere` is asked
 * where a registry does not say 201, as some do not.
 */
export async function pushManifest(
  asker: Asker,
  question: RegistryQuestion,
  { digest, mediaType, bytes }: PushedManifest,
  isThere: () => Promise<boolean>,
): Promise<PutManifestResult> {
  const put: RegistryQuestion = {
    ...question,
    method: 'PUT',
    headers: { 'Content-Type': mediaType },
    body: bytes,
  }
  const response = await asker.ask(put)
  const isStored = response.status === 201 || (PERHAPS.includes(response.status) && (await isThere()))
  if (!isStored) throw await refusal(put, response)
  await response.body?.cancel()
  const stored = response.headers.get('Docker-Content-Digest')
  if (stored !== null && stored !== digest) {
    const message = `${question.what} is stored as ${stored.slice(0, 160)}, not as ${digest}: the registry, or a proxy before it, changes what it is given`
    throw new PortolanError('CONTENT_INVALID', message, question.facts)
  }
  return { listsSubject: response.headers.has('OCI-Subject') }
}
