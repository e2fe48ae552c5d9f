import { coerce, parse, Range, type SemVer } from 'semver'
import { escapeRegExp } from '../internal/escape-reg-exp.ts'
import type { Verdict } from './finding.ts'
import type { Lost, MapData, Move, Rename } from './map-data.ts'
import { joinPath, PrefixMatcher, patternOf, restAfter } from './prefix-match.ts'

/** What is asked of a map: a reference, or the beginning of one. */
export interface Named {
  /** Host in lower case and repository, such as `k8s.gcr.io/pause`; or a host alone, or with the first components. */
  readonly path: string
  readonly tag?: string
  readonly digest?: string
}

/** What a map says of a reference. */
export interface Judgement {
  readonly verdict: Verdict
  /** Its new name; absent when there is none, and `note` says why. A digest stays as it is. */
  readonly to?: { readonly path: string; readonly tag?: string }
  /** Another path under the new name that has it too, with the tag as it is. */
  readonly kept?: string
  readonly note?: string
}

/** A map, ready to be asked. */
export interface RegistryMap {
  /** Texts in lower case: what the map has something to say about holds one of them, in whatever case. */
  readonly hints: readonly string[]
  /**
   * Whether a text may hold names that it moves, or those that they become: what has either before a change has it
   * after it.
   */
  readonly isRelevant: (text: string) => boolean
  /** What the map says; nothing when the reference is to stay. */
  judge(named: Named): Judgement | undefined
}

/**
 * Makes a map of its data. What it gives as a new name is nothing that it moves again, if {@link findLoops} finds no
 * loop in the data: so that applying it twice is applying it once.
 */
export function createMap({ moves, related }: MapData): RegistryMap {
  const byFrom = new PrefixMatcher(
    moves.map((move) => [move.from, { ...move, lost: move.lost?.map(lossOf) }]),
  )
  const byRelated = new PrefixMatcher(related.map((entry) => [entry.from, entry]))
  const hints = [...moves.filter(({ from, to }) => from !== to), ...related].map(({ from }) => hintOf(from))
  return {
    hints,
    isRelevant: createRelevance([...hints, ...moves.map(({ to }) => hintOf(to))]),
    judge(named) {
      const path = withoutDefaultPort(named.path)
      const match = byFrom.match(path)
      if (match === undefined) {
        const note = byRelated.match(path)?.value.note
        return note === undefined ? undefined : { verdict: 'related', note }
      }
      const { value: move, rest } = match
      if (move.from === move.to) return undefined
      const version = versionOf(named.tag)
      const lost = version && move.lost?.find((loss) => loss.isOf(rest, version))
      const { name, tag } = renamed(move, rest, named.tag, version)
      const note = lost?.note ?? undecided(move, rest, version)
      const kept = keptName(move, rest, version)
      return {
        verdict: lost ? 'lost' : 'moved',
        to: { path: joinPath(move.to, name), ...(tag !== undefined && { tag }) },
        ...(kept !== undefined && { kept: joinPath(move.to, kept) }),
        ...(note !== undefined && { note }),
      }
    },
  }
}

/**
 * Makes the map that goes the other way. Where several old names have one new name, the way back is the one by the
 * longest `to`, and of those the first that the data lists. Each way back is tried forth again: where none leads to
 * where it began, the reference stays, and the note says so.
 */
export function createReverseMap(data: MapData): RegistryMap {
  const forth = createMap(data)
  // A pattern stands for several names, so that there is no way back to it.
  const moves = data.moves
    .filter(({ from, to }) => from !== to && !from.includes('*'))
    .sort((one, other) => other.to.length - one.to.length)
  const hints = moves.map(({ to }) => hintOf(to))
  return {
    hints,
    isRelevant: createRelevance([...hints, ...moves.map(({ from }) => hintOf(from))]),
    judge(named) {
      const path = withoutDefaultPort(named.path)
      const under = moves.flatMap((move) => {
        const rest = restAfter(path, move.to)
        return rest === undefined ? [] : [{ move, rest }]
      })
      if (under.length === 0) return undefined
      for (const { move, rest } of under) {
        for (const { name, tag } of formerNames(move, rest, named)) {
          const to = { path: joinPath(move.from, name), ...(tag !== undefined && { tag }) }
          const back = forth.judge({ ...to, ...(named.digest !== undefined && { digest: named.digest }) })
          if (back?.to === undefined || back.to.path !== path || back.to.tag !== named.tag) continue
          return back.verdict === 'lost'
            ? { verdict: 'lost', to, note: `it cannot be pulled by its old name: ${back.note}` }
            : { verdict: 'moved', to }
        }
      }
      return { verdict: 'related', note: 'no old name has this new name by the map, so there is no way back' }
    },
  }
}

/**
 * Moves whose `to` is moved by another one of the same data, or moves what another one's `to` is under: with such
 * moves a reference would change again each time. Gives pairs of indexes.
 */
export function findLoops(moves: readonly Move[]): readonly (readonly [number, number])[] {
  const loops: [number, number][] = []
  for (const [index, move] of moves.entries()) {
    if (move.from === move.to) continue
    for (const [other, { from, to }] of moves.entries()) {
      if (from === to) continue
      if (restAfter(move.to, from) !== undefined || restAfter(from, move.to) !== undefined) {
        loops.push([index, other])
      }
    }
  }
  return loops
}

function renamed(
  { renames = [] }: Pick<Move, 'renames'>,
  name: string,
  tag: string | undefined,
  version: SemVer | null,
): { name: string; tag?: string } {
  const rename = renames.find(({ from }) => from === name)
  const same = { name, ...(tag !== undefined && { tag }) }
  if (rename === undefined) return same
  // What has the new name from some version on is left under the old one, which is served too, unless that is known.
  if (version === null) return rename.since === undefined ? { ...same, name: rename.to } : same
  if (rename.since !== undefined && version.compare(rename.since) < 0) return same
  const prefix = rename.tagPrefix ?? ''
  return { name: rename.to, tag: tag!.startsWith(prefix) ? tag! : prefix + tag }
}

/** The name without the rename, where the version is one that is served under both. */
function keptName(
  { renames = [] }: Pick<Move, 'renames'>,
  name: string,
  version: SemVer | null,
): string | undefined {
  const until = renames.find(({ from }) => from === name)?.until
  return until !== undefined && version !== null && version.compare(until) <= 0 ? name : undefined
}

/** What to know of a name that depends on a version which is not written. */
function undecided(
  { to, renames = [] }: Pick<Move, 'to' | 'renames'>,
  name: string,
  version: SemVer | null,
): string | undefined {
  const rename = renames.find(({ from }) => from === name)
  if (rename?.since === undefined || version !== null) return undefined
  const prefix = rename.tagPrefix ?? ''
  return `${to} has ${name} up to ${rename.until ?? 'some version'}, and ${rename.to} from ${prefix}${rename.since} on`
}

/** The old names that a new one may have had, the likeliest first. */
function* formerNames(
  { renames = [] }: Move,
  name: string,
  named: Named,
): Iterable<{ name: string; tag?: string }> {
  for (const rename of renames)
    if (rename.to === name && isFormer(rename, named)) yield formerName(rename, named)
  yield { name, ...(named.tag !== undefined && { tag: named.tag }) }
}

function isFormer({ until }: Rename, { tag }: Named): boolean {
  const version = versionOf(tag)
  // Without a version nothing tells how old it is, and the old registry may have had the new name as well.
  return version !== null && (until === undefined || version.compare(until) <= 0)
}

function formerName({ from, tagPrefix = '' }: Rename, { tag }: Named): { name: string; tag?: string } {
  if (tag === undefined) return { name: from }
  return {
    name: from,
    tag: versionOf(tag) !== null && tag.startsWith(tagPrefix) ? tag.slice(tagPrefix.length) : tag,
  }
}

/** What `from` never had, read once: each reference is asked about. */
function lossOf({ names, versions, note }: Lost): {
  readonly note: string
  isOf(name: string, version: SemVer): boolean
} {
  const patterns = names.map(patternOf)
  const range = new Range(versions)
  return {
    note,
    isOf: (name, version) =>
      patterns.some((pattern) => pattern.test(name)) &&
      // Pre-releases are made before the release, and after the releases that a range ends with.
      range.test(
        version.prerelease.length === 0 ? version : `${version.major}.${version.minor}.${version.patch}`,
      ),
  }
}

/** A tag as a version: `v1.26.4`, `3.9` and `3.5.7-0` are; `null` for another tag. */
function versionOf(tag: string | undefined): SemVer | null {
  if (tag === undefined || !/^v?[0-9]+\.[0-9]+/.test(tag)) return null
  return parse(tag) ?? coerce(tag)
}

/** `https` is spoken at 443, so that naming this port names the same registry. */
function withoutDefaultPort(path: string): string {
  return path.replace(/^([^/:]+):443(?=\/|$)/, '$1')
}

function hintOf(prefix: string): string {
  const [host] = prefix.split('/') as [string]
  return host.split('*').reduce((longest, part) => (part.length > longest.length ? part : longest))
}

/** Makes a test of whether a text holds one of some names, in whatever case. */
function createRelevance(names: readonly string[]): (text: string) => boolean {
  const distinct = [...new Set(names.map((name) => name.toLowerCase()))]
  // What holds a name that another one is part of holds that one as well.
  const shortest = distinct.filter(
    (name) => !distinct.some((other) => other !== name && name.includes(other)),
  )
  const any = shortest.length === 0 ? /(?!)/ : new RegExp(shortest.map(escapeRegExp).join('|'), 'i')
  return (text) => any.test(text)
}
