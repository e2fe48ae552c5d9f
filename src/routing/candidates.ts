import type { Place } from '../clouds/place.ts'
import type { Backend, Store, Upstream } from './backend.ts'
import { distance } from './distance.ts'
import { type Rule, ruleApplies } from './rule.ts'

/** A backend that could answer, at its rank, and why it has that rank. */
export interface Candidate<B extends Backend = Backend> {
  readonly backend: B
  /** Kilometres from the client, when both places are known. */
  readonly distance: number | undefined
  /** The selector that named it, such as `stores@aws`; `nearest` or `last resort` where no rule did. */
  readonly by: string
}

/** Who may answer a client in one place, the best first; the last is the canonical upstream. */
export interface Candidates {
  /** 1-based number of the rule that applied; absent where none did. */
  readonly rule?: number
  readonly blob: readonly Candidate[]
  readonly manifest: readonly Candidate<Upstream>[]
}

/** Ranks all backends for a client's place (`undefined`: somewhere). Pure; a view keeps the result per place. */
export function rankCandidates(
  client: Place | undefined,
  upstreams: readonly Upstream[],
  stores: readonly Store[],
  rules: readonly Rule[],
): Candidates {
  const index = rules.findIndex((rule) => ruleApplies(rule, client))
  const rule = rules[index]
  const ranked = new Map<Backend, Candidate>()
  const add = (backends: readonly Backend[], by: string, sameCloudFirst = false) => {
    for (const candidate of nearestFirst(client, backends, by, sameCloudFirst)) {
      if (!ranked.has(candidate.backend)) ranked.set(candidate.backend, candidate)
    }
  }
  if (rule !== undefined) {
    for (const { text, selects } of rule.prefer) add([...upstreams, ...stores].filter(selects), text)
  } else if (client === undefined) {
    // Somewhere: only an anycast store is known to be near; the others carry it in the order of the config.
    add(stores, 'nearest')
  } else {
    add([...stores, ...upstreams], 'nearest', true)
  }

  const preferred = [...ranked.values()]
  const canonical = upstreams.filter((upstream) => upstream.canonical)
  // For a client somewhere the canonical upstream is as near as any, and the one that is sure to hold everything.
  if (client === undefined) add(canonical, 'last resort')
  add(upstreams, 'nearest')

  const manifest = [...ranked.values()].filter(isUpstreamCandidate)
  const blob = preferred.concat(manifest.filter((candidate) => !preferred.includes(candidate)))
  return {
    ...(rule && { rule: index + 1 }),
    blob: endWith(blob, canonical),
    manifest: endWith(manifest, canonical),
  }
}

/** Nothing is tried after the canonical upstream, which answers for everything, so it ends the list. */
function endWith<B extends Backend>(candidates: readonly Candidate<B>[], canonical: readonly Upstream[]) {
  const end = candidates.findIndex((candidate) =>
    canonical.some((upstream) => upstream === candidate.backend),
  )
  return end < 0 ? candidates : candidates.slice(0, end + 1)
}

/** Sorted by distance; what has none comes after what has one; ties stay in the order of the config. */
function nearestFirst(
  client: Place | undefined,
  backends: readonly Backend[],
  by: string,
  sameCloudFirst: boolean,
) {
  const foreign = (backend: Backend) =>
    sameCloudFirst && client?.cloud !== undefined && backend.place.cloud !== client.cloud ? 1 : 0
  return backends
    .map((backend): Candidate => ({ backend, distance: distance(client, backend.place), by }))
    .sort(
      (a, b) =>
        foreign(a.backend) - foreign(b.backend) ||
        (a.distance ?? Number.MAX_VALUE) - (b.distance ?? Number.MAX_VALUE),
    )
}

function isUpstreamCandidate(candidate: Candidate): candidate is Candidate<Upstream> {
  return candidate.backend.kind === 'upstream'
}
