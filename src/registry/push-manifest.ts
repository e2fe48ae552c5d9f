import { PortolanError } from '../errors.ts'
import type { Asker } from './ask.ts'
import type { RegistryQuestion } from './question.ts'
import { refusal } from './refusal.ts'
import type { PushedManifest, PutManifestResult } from './writer.ts'

/** Stores a manifest (OCI distribution spec 1.1, "Pushing Manifests"); the question's URL names it. */
export async function pushManifest(
  asker: Asker,
  question: RegistryQuestion,
  { digest, mediaType, bytes }: PushedManifest,
): Promise<PutManifestResult> {
  const put: RegistryQuestion = {
    ...question,
    method: 'PUT',
    headers: { 'Content-Type': mediaType },
    body: bytes,
  }
  const response = await asker.ask(put)
  if (response.status !== 201) throw await refusal(put, response)
  await response.body?.cancel()
  const stored = response.headers.get('Docker-Content-Digest')
  if (stored !== null && stored !== digest) {
    const message = `${question.what} is stored as ${stored.slice(0, 160)}, not as ${digest}: the registry, or a proxy before it, changes what it is given`
    throw new PortolanError('CONTENT_INVALID', message, question.facts)
  }
  return { listsSubject: response.headers.has('OCI-Subject') }
}
