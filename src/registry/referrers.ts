import { PortolanError } from '../errors.ts'
import { type Descriptor, parseManifest } from '../oci/manifest.ts'
import type { Asker, Document } from './ask.ts'
import { followPages, PAGE_MAX_BYTES } from './pages.ts'
import type { RegistryQuestion } from './question.ts'

/** What names a digest as its subject (OCI distribution spec 1.1, "Listing Referrers"): an index, page by page. */
export async function listReferrers(
  asker: Asker,
  question: RegistryQuestion,
): Promise<readonly Descriptor[] | 'unsupported'> {
  const first = await asker.read(question, PAGE_MAX_BYTES)
  if (first === undefined) return 'unsupported'
  const referrers: Descriptor[] = []
  for await (const referrer of followPages(asker, question, first, readReferrers)) referrers.push(referrer)
  return referrers
}

function* readReferrers(
  { bytes, headers }: Document,
  { what, facts }: RegistryQuestion,
): Generator<readonly [string, Descriptor]> {
  const filters = headers.get('OCI-Filters-Applied')
  if (filters) {
    const message = `${what} are refused: the registry has left some out (${filters.slice(0, 128)}) without being asked to`
    throw new PortolanError('CONTENT_INVALID', message, facts)
  }
  const index = parseManifest(bytes, what, PAGE_MAX_BYTES)
  if (index.kind !== 'index') {
    throw new PortolanError('CONTENT_INVALID', `${what} are refused: expected an index`, facts)
  }
  for (const descriptor of index.manifests) yield [descriptor.digest, descriptor]
}
