import type { Place } from '../clouds/place.ts'
import type { Backend, Upstream } from './backend.ts'
import { defaultLimit, distance, isLocated } from './distance.ts'
import { type Rule, ruleApplies, type Selector } from './rule.ts'

/** A backend that could answer, at its rank, and why it has that rank. */
export interface Candidate<B extends Backend = Backend> {
  readonly backend: B
  /** Kilometres from the client, when both places are known. */
  readonly distance: number | undefined
  /** The selector that named it, such as `stores@aws`; `anycast`, `nearest`, `last resort` or `too far` where none did. */
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

/**
 * Ranks all backends for a client's place (`undefined`: somewhere). What is too far comes last, after the canonical
 * upstream: better than nothing when that is down. Pure; a view keeps the result per place.
 */
export function rankCandidates(
  client: Place | undefined,
  { backends, rules, isUsable }: RankingParts,
): Candidates {
  const upstreams = backends.filter(isUpstream)
  const index = rules.findIndex((rule) => ruleApplies(rule, client))
  const rule = rules[index]
  const ranking = new Ranking(client, isUsable)
  const usual = defaultLimit(client, upstreams.find((upstream) => upstream.canonical)?.place)
  if (rule !== undefined) rankByRule(ranking, rule, usual, backends)
  else rankByPlace(ranking, usual, backends)
  // For a client somewhere the canonical upstream is as near as any, and the one that is sure to hold everything.
  if (!isLocated(client)) {
    ranking.add(
      upstreams.filter((upstream) => upstream.canonical),
      'last resort',
    )
  }
  ranking.add(upstreams, 'nearest')
  ranking.add(ranking.tooFar, 'too far')
  return { ...(rule && { rule: index + 1 }), ...byClass(ranking.ranked) }
}

/** A list that grows at its end: who is in it stays where it is. */
class Ranking {
  readonly client: Place | undefined
  /** Those who were left out so far, since they are too far. */
  readonly tooFar = new Set<Backend>()
  readonly #isUsable: (backend: Backend) => boolean
  readonly #ranked = new Map<Backend, Candidate>()

  constructor(client: Place | undefined, isUsable: (backend: Backend) => boolean) {
    this.client = client
    this.#isUsable = isUsable
  }

  get ranked(): readonly Candidate[] {
    return [...this.#ranked.values()]
  }

  /** Adds those that are no farther than `limit`, the nearest first; those whose distance is not known come after these. */
  add(
    backends: Iterable<Backend>,
    by: string,
    limit?: number,
    isOwn: (backend: Backend) => boolean = all,
  ): void {
    for (const backend of nearestFirst(this.client, backends, isOwn)) {
      if (this.#ranked.has(backend)) continue
      const away = distance(this.client, backend.place)
      if (limit !== undefined && away !== undefined && away > limit && backend.place.name !== 'anycast') {
        this.tooFar.add(backend)
      } else this.#ranked.set(backend, { backend, distance: away, by, usable: this.#isUsable(backend) })
    }
  }
}

function rankByRule(
  ranking: Ranking,
  { prefer, within }: Rule,
  usual: number | undefined,
  backends: readonly Backend[],
): void {
  for (const selector of prefer) {
    const { text, isGroup, selects } = selector
    // None of a group is known to be near a client that is nowhere, and the first of the config may be at its other end.
    if (isGroup && !isLocated(ranking.client)) ranking.add(anycastLike(selector, backends), 'anycast')
    // One that is named is meant, however far it is, unless the rule itself says how far.
    ranking.add(backends.filter(selects), text, within ?? (isGroup ? usual : undefined))
  }
}

/** Backends that are everywhere, of the kinds that a selector stands for. */
function anycastLike({ selects }: Selector, backends: readonly Backend[]): Backend[] {
  const kinds = new Set(backends.filter(selects).map(({ kind }) => kind))
  return backends.filter(({ kind, place }) => place.name === 'anycast' && kinds.has(kind))
}

/** Without a rule: the client's own cloud first, then the nearest. */
function rankByPlace(ranking: Ranking, usual: number | undefined, backends: readonly Backend[]): void {
  const { client } = ranking
  const isOwn = ({ place }: Backend) => client?.cloud === undefined || place.cloud === client.cloud
  if (isLocated(client)) {
    ranking.add(backends, 'nearest', usual, isOwn)
    return
  }
  // Only an anycast store is known to be near; the others carry it in the order of the config.
  const stores = backends.filter((backend) => backend.kind === 'store')
  ranking.add(
    stores.filter(({ place }) => place.name === 'anycast'),
    'nearest',
  )
  ranking.add(stores, 'nearest', undefined, isOwn)
}

function byClass(blob: readonly Candidate[]): Omit<Candidates, 'rule'> {
  const tag = blob.filter(isUpstreamCandidate)
  return {
    blob,
    manifest: blob.filter(({ backend }) => backend.kind === 'upstream' || backend.manifestPath !== undefined),
    tag,
    signature: [
      ...tag.filter(({ backend }) => backend.canonical),
      ...tag.filter(({ backend }) => !backend.canonical && backend.complete && backend.signatures),
    ],
  }
}

/** Sorted by distance, one's own before others; what has none comes after what has one; ties stay as they were. */
function nearestFirst(
  client: Place | undefined,
  backends: Iterable<Backend>,
  isOwn: (backend: Backend) => boolean,
): Backend[] {
  const away = ({ place }: Backend) => distance(client, place) ?? Number.MAX_VALUE
  return [...backends].sort((a, b) => Number(isOwn(b)) - Number(isOwn(a)) || away(a) - away(b))
}

function all(): boolean {
  return true
}

function isUpstream(backend: Backend): backend is Upstream {
  return backend.kind === 'upstream'
}

function isUpstreamCandidate(candidate: Candidate): candidate is Candidate<Upstream> {
  return isUpstream(candidate.backend)
}
