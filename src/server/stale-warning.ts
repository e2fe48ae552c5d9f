import type { Provenance } from '../relay/relayed-repository.ts'

type Stale = NonNullable<Provenance['stale']>

/** In the words of people: what the upstream did. */
const BECAUSE: Readonly<Record<Stale['because'], string>> = {
  unreachable: 'its registry cannot be reached',
  limited: 'its registry limits requests',
  broken: 'its registry is out of order',
  refused: 'its registry refuses this mirror',
  wrong: 'its registry answers what cannot be',
  late: 'its registry is slow',
  gone: 'its registry has it no more',
}

/** A `Warning` header (OCI distribution spec 1.1, "Warnings") that says that an answer is not confirmed. */
export function staleWarning({ confirmed, because }: Stale): string {
  const at = new Date(confirmed).toISOString().replace(/\.\d+/, '')
  return `299 - "served from the mirror's cache, last confirmed ${at}: ${BECAUSE[because]}"`
}
