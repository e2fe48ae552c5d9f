import type { Place } from '../clouds/place.ts'
import type { Backend, Upstream } from './backend.ts'
import { defaultLimit, distance, isLocated } from './distance.ts'
import type { DrawKey } from './draw.ts'
import type { Pace } from './pace.ts'
import type { Rule } from './rule.ts'
import type { Selector } from './selector.ts'
import { drawSplit, type Split } from './split.ts'

/** A backend that could answer, at its rank, and why it has that rank. */
export interface Candidate<B extends Backend = Backend> {
  readonly backend: B
  /** Kilometres from the client, when both places are known. */
  readonly distance: number | undefined
  /** The selector that named it, such as `stores@aws`; `anycast`, `nearest`, `last resort` or `too far` where none did. */
  readonly by: string
  /** Whether it is healthy, as far as is known. */
  readonly usable: boolean
  /** How much of its traffic a budget lets through; `undefined` for all. */
  readonly pace: Pace | undefined
}

/** Who may answer a client, the best first. The canonical upstream is in every list. */
export interface Candidates {
  /** The policy that the client goes by; absent where there is but one. */
  readonly policy?: string
  /** 1-based number of the rule that applied; absent where none did. */
  readonly rule?: number
  /** By which the order differs from client to client, each as far as it has something to choose between here. */
  readonly splits?: readonly Split[]
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
  readonly isUsable: (backend: Backend) => boolean
  /** How much of a backend's traffic a budget lets through; `undefined` for all. */
  readonly paceOf?: (backend: Backend) => Pace | undefined
}

/** By what candidates are ranked, beside the client's place. */
export interface RankedBy {
  readonly policy?: string
  readonly rule?: { readonly number: number; readonly rule: Rule }
  /** By which a client's own order of a split is found; without it, the order is that of the config. */
  readonly key?: DrawKey
}

/**
 * Ranks all backends for a client's place (`undefined`: somewhere). What is too far comes last, after the canonical
 * upstream: better than nothing when that is down. Pure; a view keeps what comes of it.
 */
export function rankCandidates(
  client: Place | undefined,
  { policy, rule: by, key }: RankedBy,
  parts: RankingParts,
): Candidates {
  const { backends } = parts
  const upstreams = backends.filter(isUpstream)
  const ranking = new Ranking(client, parts)
  const usual = defaultLimit(client, upstreams.find((upstream) => upstream.canonical)?.place)
  const splits = by === undefined ? [] : rankByRule(ranking, by.rule, usual, backends, key)
  if (by === undefined) rankByPlace(ranking, usual, backends)
  // For a client somewhere the canonical upstream is as near as any, and the one that is sure to hold everything.
  if (!isLocated(client)) {
    ranking.add(
      upstreams.filter((upstream) => upstream.canonical),
      'last resort',
    )
  }
  ranking.add(upstreams, 'nearest')
  ranking.add(ranking.tooFar, 'too far')
  return {
    ...(policy !== undefined && { policy }),
    ...(by && { rule: by.number }),
    ...(splits.length > 0 && { splits }),
    ...byClass(ranking.ranked),
  }
}

/** A list that grows at its end: who is in it stays where it is. */
class Ranking {
  readonly client: Place | undefined
  /** Those who were left out so far, since they are too far. */
  readonly tooFar = new Set<Backend>()
  readonly #parts: RankingParts
  readonly #ranked = new Map<Backend, Candidate>()

  constructor(client: Place | undefined, parts: RankingParts) {
    this.client = client
    this.#parts = parts
  }

  /** Whether any of these would be ranked. */
  wouldAdd(backends: readonly Backend[], limit: number | undefined): boolean {
    return backends.some((backend) => !this.#ranked.has(backend) && !this.#isTooFar(backend, limit))
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
      if (this.#isTooFar(backend, limit)) this.tooFar.add(backend)
      else this.#ranked.set(backend, this.#candidate(backend, by))
    }
  }

  #isTooFar({ place }: Backend, limit: number | undefined): boolean {
    if (limit === undefined || place.name === 'anycast') return false
    const away = distance(this.client, place)
    return away !== undefined && away > limit
  }

  #candidate(backend: Backend, by: string): Candidate {
    const { isUsable, paceOf } = this.#parts
    const isLast = backend.kind === 'upstream' && backend.canonical
    return {
      backend,
      distance: distance(this.client, backend.place),
      by,
      usable: isUsable(backend),
      // Where everything else ends is no matter of money.
      pace: isLast ? undefined : paceOf?.(backend),
    }
  }
}

/** Gives the splits that leave this client a choice. */
function rankByRule(
  ranking: Ranking,
  { prefer, within }: Rule,
  usual: number | undefined,
  backends: readonly Backend[],
  key: DrawKey | undefined,
): Split[] {
  // One that is named is meant, however far it is, unless the rule itself says how far.
  const limitOf = ({ isGroup }: Selector) => within ?? (isGroup ? usual : undefined)
  const add = (selector: Selector) =>
    ranking.add(backends.filter(selector.selects), selector.text, limitOf(selector))
  const splits: Split[] = []
  for (const entry of prefer) {
    if ('between' in entry) {
      const isThere = ({ selector }: Split['between'][number]) =>
        ranking.wouldAdd(backends.filter(selector.selects), limitOf(selector))
      const between = entry.between.filter(isThere)
      if (between.length > 1) splits.push({ between })
      const ordered = key === undefined ? entry.between : drawSplit(entry, key)
      for (const { selector } of ordered) add(selector)
      continue
    }
    // None of a group is known to be near a client that is nowhere, and the first of the config may be at its other end.
    if (entry.isGroup && !isLocated(ranking.client)) ranking.add(anycastLike(entry, backends), 'anycast')
    add(entry)
  }
  return splits
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

function byClass(blob: readonly Candidate[]): Pick<Candidates, 'blob' | 'manifest' | 'tag' | 'signature'> {
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
