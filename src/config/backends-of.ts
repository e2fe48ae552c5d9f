import type { Draft, DraftBackend } from './draft.ts'
import type { ConfigPath } from './fault.ts'

/** All backends of a draft, and where each stands. */
export function* backendsOf({ upstreams = [], stores = [] }: Draft): Iterable<{
  path: ConfigPath
  backend: DraftBackend | undefined
}> {
  for (const [index, backend] of upstreams.entries()) yield { path: ['upstreams', index], backend }
  for (const [index, backend] of stores.entries()) yield { path: ['stores', index], backend }
}
