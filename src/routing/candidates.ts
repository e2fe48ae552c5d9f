import type { Place } from '../clouds/place.ts'
import type { Backend, Upstream } from './backend.ts'
import { distance } from './distance.ts'
import { type Rule, ruleApplies } from './rule.ts'

/** A backend that could answer, at its rank, and why it has that rank. */
export interface Candidate<B extends Backend = Backend> {
  readonly backend: B
  /** Kilometres from the client, when both places are known. */
  readonly distance: number | undefined
  /** The selector that named it, such as `stores@aws`; `nearest` or `last resort` where no rule did. */
  readonly by: string
  /** Whether it is healthy, as far as is known. */
  readonly usable: boolean
}

/** Who may answer a client in one place, the best first. The canonical upstream is in every list. */
export interface Candidates {
  /** 1-based number of the rule that applied; absent where none did. */
  readonly rule?: number
  readonly blob: readonly Candidate[]
  /** For manifests by digest. */
  readonly manifest: readonly Candidate[]
  /** For tags and lists of tags. */
  readonly tag: readonly Candidate<Upstream>[]
  /** For signatures, and for what else hangs on a manifest. */
  readonly signature: readonly Candidate<Upstream>[]
}

export interface RankingParts {
  readonly backends: readonly Backend[]
  readonly rules: readonly Rule[]
  readonly isUsable: (backend: Backend) => boolean
}

/** Ranks all backends for a client's place (`undefined`: somewhere). Pure; a view keeps the result per place. */
export function rankCandidates(
  client: Place | undefined,
  { backends, rules, isUsable }: RankingParts,
): Candidates {
  const upstreams = backends.filter(isUpstream)
  const index = rules.findIndex((rule) => ruleApplies(rule, client))
  const rule = rules[index]
  const ranked = new Map<Backend, Candidate>()
  const add = (some: readonly Backend[], by: string, sameCloudFirst = false) => {
    for (const candidate of nearestFirst(client, some, by, sameCloudFirst, isUsable)) {
      if (!ranked.has(candidate.backend)) ranked.set(candidate.backend, candidate)
    }
  }
  if (rule !== undefined) {
    for (const { text, selects } of rule.prefer) add(backends.filter(selects), text)
  } else if (client === undefined) {
    // Somewhere: only an anycast store is known to be near; the others carry it in the order of the config.
    add(
      backends.filter((backend) => backend.kind === 'store'),
      'nearest',
    )
  } else {
    add(backends, 'nearest', true)
  }
  // For a client somewhere the canonical upstream is as near as any, and the one that is sure to hold everything.
  if (client === undefined)
    add(
      upstreams.filter((upstream) => upstream.canonical),
      'last resort',
    )
  add(upstreams, 'nearest')

  const blob = [...ranked.values()]
  const tag = blob.filter(isUpstreamCandidate)
  return {
    ...(rule && { rule: index + 1 }),
    blob,
    manifest: blob.filter(({ backend }) => backend.kind === 'upstream' || backend.manifestPath !== undefined),
    tag,
    signature: [
      ...tag.filter(({ backend }) => backend.canonical),
      ...tag.filter(({ backend }) => !backend.canonical && backend.complete),
    ],
  }
}

/** Sorted by distance; what has none comes after what has one; ties stay in the order of the config. */
function nearestFirst(
  client: Place | undefined,
  backends: readonly Backend[],
  by: string,
  sameCloudFirst: boolean,
  isUsable: (backend: Backend) => boolean,
): Candidate[] {
  const foreign = (backend: Backend) =>
    sameCloudFirst && client?.cloud !== undefined && backend.place.cloud !== client.cloud ? 1 : 0
  return backends
    .map((backend) => ({ backend, distance: distance(client, backend.place), by, usable: isUsable(backend) }))
    .sort(
      (a, b) =>
        foreign(a.backend) - foreign(b.backend) ||
        (a.distance ?? Number.MAX_VALUE) - (b.distance ?? Number.MAX_VALUE),
    )
}

function isUpstream(backend: Backend): backend is Upstream {
  return backend.kind === 'upstream'
}

function isUpstreamCandidate(candidate: Candidate): candidate is Candidate<Upstream> {
  return isUpstream(candidate.backend)
}
