import type { SemVer } from 'semver'
import { createMap } from '../map.ts'
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

/** Which names move where, and the version of the tool, if it is known. */
export interface NodeConfigRequest {
  readonly data: MapData
  readonly version?: SemVer
}

/** The last one that was published under the old names of Kubernetes as well as under the new one. */
const PAUSE_TAG = '3.9'

/** Splits moves into those of whole hosts and those of a part of one, which some tools cannot tell apart. */
export function splitMoves({ moves }: MapData): {
  readonly hosts: readonly Move[]
  readonly parts: readonly Move[]
} {
  const real = moves.filter(({ from, to }) => from !== to)
  const isHost = ({ from }: Move) => !/[/*]/.test(from)
  return { hosts: real.filter(isHost), parts: real.filter((move) => !isHost(move)) }
}

/** The image of the pause container by its new name, when the map moves it. */
export function pauseImage(data: MapData): string | undefined {
  const map = createMap(data)
  for (const path of ['k8s.gcr.io/pause', 'registry.k8s.io/pause']) {
    const to = map.judge({ path, tag: PAUSE_TAG })?.to
    if (to !== undefined) return `${to.path}:${to.tag}`
  }
  return undefined
}

/** Says of the pause image why it has this tag, or why there is none. */
export function pauseNotes(pause: string | undefined): readonly string[] {
  return pause === undefined
    ? ['the map moves no pause image, so that none is set']
    : [`the tag ${PAUSE_TAG} of the pause image is an example: keep the one that is set now`]
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

/** The host of `HOST/PATH`, and the path, '' when there is none. */
export function splitHost(prefix: string): readonly [host: string, path: string] {
  const slash = prefix.indexOf('/')
  return slash < 0 ? [prefix, ''] : [prefix.slice(0, slash), prefix.slice(slash + 1)]
}
