import type { SemVer } from 'semver'
import { type KubernetesReleases, kubernetesReleases } from '../../releases/kubernetes-releases.ts'
import { createMap, createReverseMap, type RegistryMap } from '../map.ts'
import type { MapData, Move } from '../map-data.ts'

/** A file of a tool, or what is to be in it. */
export interface NodeSetting {
  readonly file: string
  /** Whether all of the file is given, or what has to be among what it has already. */
  readonly whole: boolean
  readonly content: string
}

/** What makes a tool use the new names of a map. */
export interface NodeConfig {
  readonly settings: readonly NodeSetting[]
  /** Commands, in their order. */
  readonly apply: readonly string[]
  readonly check: readonly string[]
  readonly undo: readonly string[]
  /** What the tool cannot do, and what else is to be known. */
  readonly notes: readonly string[]
}

/** What is asked of a tool: which names move where, and what is known of the machine. */
export interface NodeConfigRequest {
  readonly data: MapData
  /** The version of the tool, if it is known. */
  readonly version?: SemVer
  /** The version of Kubernetes on the machine, if it is known: it says which pause image belongs there. */
  readonly kubernetes?: SemVer
  /** Whether the old name is never to be asked, not even when the new one does not answer. */
  readonly noFallback?: boolean
  /** Goes from the new names back to the old ones. */
  readonly revert?: boolean
}

/** A request as the tools read it: the moves in the direction that is asked for. */
export interface NodeMoves {
  readonly moves: readonly Move[]
  readonly map: RegistryMap
  /** What has to be known of the direction. */
  readonly notes: readonly string[]
}

/** Nothing to set, and why. */
export function nothingToSet(notes: readonly string[]): NodeConfig {
  return { settings: [], apply: [], check: [], undo: [], notes }
}

/** The moves of a request: with `revert` each new name leads to the first old name that the map has for it. */
export function movesOf({ data, revert = false }: NodeConfigRequest): NodeMoves {
  const real = data.moves.filter(({ from, to }) => from !== to)
  if (!revert) return { moves: real, map: createMap(data), notes: [] }
  const back = new Map<string, Move>()
  for (const { from, to } of real) {
    if (!from.includes('*') && !back.has(to)) back.set(to, { from: to, to: from })
  }
  const lost = real.some((move) => move.lost !== undefined)
  return {
    moves: [...back.values()],
    map: createReverseMap(data),
    notes: lost ? ['the old name does not have all that the new one has: see what "portolan scan" says'] : [],
  }
}

/** Splits moves into those of whole hosts and those of a part of one, which some tools cannot tell apart. */
export function splitMoves(moves: readonly Move[]): {
  readonly hosts: readonly Move[]
  readonly parts: readonly Move[]
} {
  const isHost = ({ from }: Move) => !/[/*]/.test(from)
  return { hosts: moves.filter(isHost), parts: moves.filter((move) => !isHost(move)) }
}

/** The image of the pause container by the name that it is to have, and what has to be known of it. */
export interface PauseImage {
  /** Absent when none is set. */
  readonly image?: string
  readonly notes: readonly string[]
}

/** The last one that was published under the old names of Kubernetes as well as under the new one. */
const PAUSE_TAG = '3.9'

/**
 * The pause image: with the tag that belongs to the version of Kubernetes, where that is known, and only where the map
 * moves it to a place that has it.
 */
export function pauseImage(
  request: NodeConfigRequest,
  releases: KubernetesReleases = kubernetesReleases,
): PauseImage {
  const { map } = movesOf(request)
  const { tag, note } = pauseTag(request.kubernetes, releases)
  for (const host of ['k8s.gcr.io', 'registry.k8s.io', ...request.data.moves.map(({ to }) => to)]) {
    const judged = map.judge({ path: `${host}/pause`, tag })
    if (judged?.to === undefined) continue
    if (request.revert && judged.verdict === 'lost') {
      return { notes: [`no pause image is set: ${judged.to.path} has no ${tag}`] }
    }
    return { image: `${judged.to.path}:${judged.to.tag ?? tag}`, notes: [note] }
  }
  return { notes: ['the map moves no pause image, so that none is set'] }
}

function pauseTag(
  kubernetes: SemVer | undefined,
  releases: KubernetesReleases,
): { tag: string; note: string } {
  if (kubernetes === undefined) {
    return {
      tag: PAUSE_TAG,
      note: `the tag ${PAUSE_TAG} of the pause image is an example: keep the one that is set now, or give --kubernetes-version`,
    }
  }
  const { pause, gap } = releases.images(kubernetes)
  if (pause === undefined) {
    return {
      tag: PAUSE_TAG,
      note: `the tag ${PAUSE_TAG} of the pause image is an example: keep the one that is set now (${gap})`,
    }
  }
  const why = gap === undefined ? '' : ` (${gap})`
  return { tag: pause, note: `${pause} is the pause image of kubeadm ${kubernetes.version}${why}` }
}

/** Says which moves a tool leaves alone that tells registries apart by their host. */
export function partNotes(parts: readonly Move[], tool: string): readonly string[] {
  if (parts.length === 0) return []
  const names = parts.map(({ from }) => from).join(', ')
  return [
    `${tool} tells registries apart by host alone, so that nothing is set for ${names}: "portolan rewrite" changes references`,
  ]
}

/** Says which images have another name below the new one, which no mirror setting can express. */
export function renameNotes(moves: readonly Move[]): readonly string[] {
  const renames = new Set(
    moves.flatMap((move) => (move.renames ?? []).map(({ from, to }) => `${from} is ${to} there`)),
  )
  return renames.size === 0
    ? []
    : [
        `a mirror keeps the names below it, but ${[...renames].join(', ')}: references to it have to be rewritten`,
      ]
}

/** Says whether the name that is asked for is asked as well. */
export function fallbackNote({ noFallback = false }: NodeConfigRequest): string {
  return noFallback
    ? 'only the mirror is asked: what it does not have, or while it is down, is not pulled'
    : 'the name that is asked for is asked too when the mirror does not answer, or does not have it; --no-fallback sets it otherwise'
}

/** The host of `HOST/PATH`, and the path, '' when there is none. */
export function splitHost(prefix: string): readonly [host: string, path: string] {
  const slash = prefix.indexOf('/')
  return slash < 0 ? [prefix, ''] : [prefix.slice(0, slash), prefix.slice(slash + 1)]
}

/** Where a mirror's API is: containerd, k3s and Talos put `/v2` behind a path, where registries have it in front. */
export function apiUrl(prefix: string): { readonly url: string; readonly overridesPath: boolean } {
  const [host, path] = splitHost(prefix)
  return { url: `https://${host}${path === '' ? '' : `/v2/${path}`}`, overridesPath: path !== '' }
}
