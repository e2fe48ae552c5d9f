import semver, { type Range } from 'semver'
import { compilePattern, type Matches } from '../config/compile-pattern.ts'
import type { SyncConfig, TagFilters } from '../config/config.ts'
import { PortolanError } from '../errors.ts'
import { isSignatureTag, type Name, parseName, type Tag } from '../oci/name.ts'
import { compareTags } from '../oci/tag-order.ts'
import { compileReach } from './patterns.ts'
import { readTagVersion } from './tag-version.ts'

/** One filter of the config, by which it is named to people: `tags.include "v1.*"`. */
interface Filter {
  readonly label: string
  readonly matches: Matches
}

/** What was chosen, in order, and the labels of the filters that matched anything at all. */
export interface Selection<T> {
  readonly chosen: readonly T[]
  readonly matched: readonly string[]
}

/** The filters of a config, compiled once. */
export interface ImageSelector {
  /** The label of every filter: one that matches nothing anywhere is most likely a mistake. */
  readonly labels: readonly string[]
  /** The only names that can be chosen, where the filters say them whole: then nobody need list any others. */
  readonly onlyNames: readonly Name[] | undefined
  /** In the order of their characters. */
  repositories(names: Iterable<Name>): Selection<Name>
  /** False when neither this path nor any below it can be the name of a chosen repository. */
  mayHold(path: string): boolean
  /** The tags of one repository in the order of {@link compareTags}; signature tags are chosen by what they sign. */
  tags(name: Name, listed: Iterable<Tag>): Selection<Tag>
}

/**
 * Compiles the filters that say what is to be copied. A value is chosen when an `include` matches it, or there is none,
 * and no `exclude` does. Of tags, `semver` then leaves those in its range, by npm's rules: prereleases only where the
 * range names one of the same version. `latest` takes the highest versions of what is left, prereleases too; tags of
 * one version are in the order of their names, and tags that are no versions come after all that are. For repositories
 * that an entry of `perRepository` matches, the tags of the first such entry count instead.
 *
 * Throws `CONFIG_INVALID`, naming the filter.
 */
export function createSelector({
  repositories,
  tags,
  perRepository,
}: Pick<SyncConfig, 'repositories' | 'tags' | 'perRepository'>): ImageSelector {
  const nameFilters = compileFilters('repositories', repositories)
  const usual = compileTags('tags', tags)
  const others = perRepository.map((entry, index) => ({
    names: entry.repositories.map((pattern) => compile(`perRepository[${index}].repositories`, pattern)),
    tags: compileTags(`perRepository[${index}].tags`, entry.tags),
  }))
  const filters = [...nameFilters.include, ...nameFilters.exclude, ...others.flatMap(({ names }) => names)]
  return {
    labels: [
      ...filters.map(({ label }) => label),
      ...[usual, ...others.map((other) => other.tags)].flatMap(({ labels }) => labels),
    ],
    onlyNames: wholeNames(repositories.include),
    repositories(names) {
      const { chosen, matched } = filter([...new Set(names)], nameFilters)
      const matchedOthers = others.flatMap(({ names: patterns }) =>
        patterns.filter(({ matches }) => chosen.some(matches)).map(({ label }) => label),
      )
      return { chosen: chosen.toSorted(compareCharacters), matched: [...matched, ...matchedOthers] }
    },
    mayHold: compileReach(repositories),
    tags(name, listed) {
      const other = others.find(({ names }) => names.some(({ matches }) => matches(name)))
      return (other?.tags ?? usual).choose(listed)
    },
  }
}

/** The filters of tags that count for some repositories. */
interface TagFilter {
  readonly labels: readonly string[]
  choose(listed: Iterable<Tag>): Selection<Tag>
}

function compileTags(section: string, tags: TagFilters): TagFilter {
  const filters = compileFilters(section, tags)
  const range = tags.semver === undefined ? undefined : compileRange(section, tags.semver)
  const labels = [...filters.include, ...filters.exclude].map(({ label }) => label)
  return {
    labels: [...labels, ...(range === undefined ? [] : [range.label])],
    choose(listed) {
      const candidates = [...new Set(listed)].filter((tag) => !isSignatureTag(tag))
      const { chosen, matched } = filter(candidates, filters)
      const inRange = range === undefined ? chosen : chosen.filter(range.matches)
      if (range !== undefined && inRange.length > 0) matched.push(range.label)
      const latest = tags.latest === undefined ? inRange : highest(inRange, tags.latest)
      return { chosen: latest.toSorted(compareTags), matched }
    },
  }
}

/** Patterns that are names themselves; `undefined` when there is none, or one that is more than a name. */
function wholeNames(include: readonly string[]): readonly Name[] | undefined {
  const names = include.flatMap((pattern) => parseName(pattern) ?? [])
  return names.length > 0 && names.length === include.length ? names : undefined
}

function compileFilters(
  section: string,
  { include, exclude }: { readonly include: readonly string[]; readonly exclude: readonly string[] },
): { include: Filter[]; exclude: Filter[] } {
  return {
    include: include.map((pattern) => compile(`${section}.include`, pattern)),
    exclude: exclude.map((pattern) => compile(`${section}.exclude`, pattern)),
  }
}

function compile(key: string, pattern: string): Filter {
  return { label: `${key} ${JSON.stringify(pattern)}`, matches: compilePattern(pattern) }
}

function compileRange(section: string, text: string): Filter {
  let range: Range
  try {
    range = new semver.Range(text)
  } catch (error) {
    throw new PortolanError(
      'CONFIG_INVALID',
      `${section}.semver ${JSON.stringify(text)} is not a range of versions; expected one such as ">=1.28 <2"`,
      { semver: text },
      error,
    )
  }
  return {
    label: `${section}.semver ${JSON.stringify(text)}`,
    matches(tag) {
      const version = readTagVersion(tag)
      return version !== undefined && range.test(version)
    },
  }
}

function filter<T extends string>(
  values: readonly T[],
  { include, exclude }: { include: readonly Filter[]; exclude: readonly Filter[] },
): { chosen: T[]; matched: string[] } {
  const matched = [...include, ...exclude].filter(({ matches }) => values.some(matches))
  const chosen = values.filter(
    (value) =>
      (include.length === 0 || include.some(({ matches }) => matches(value))) &&
      !exclude.some(({ matches }) => matches(value)),
  )
  return { chosen, matched: matched.map(({ label }) => label) }
}

function highest(tags: readonly Tag[], count: number): Tag[] {
  const versions = new Map(tags.map((tag) => [tag, readTagVersion(tag)]))
  return tags
    .toSorted((a, b) => {
      const [left, right] = [versions.get(a), versions.get(b)]
      if (left !== undefined && right !== undefined) return right.compare(left) || compareTags(a, b)
      if (left === undefined && right === undefined) return compareTags(a, b)
      return left === undefined ? 1 : -1
    })
    .slice(0, count)
}

function compareCharacters(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
