import semver, { type Range } from 'semver'
import type { SyncConfig } from '../config/config.ts'
import { PortolanError } from '../errors.ts'
import { isSignatureTag, type Name, type Tag } from '../oci/name.ts'
import { compareTags } from '../oci/tag-order.ts'
import { compilePattern, type Matches } from './patterns.ts'
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
  /** In the order of their characters. */
  repositories(names: Iterable<Name>): Selection<Name>
  /** The tags of one repository in the order of {@link compareTags}; signature tags are chosen by what they sign. */
  tags(tags: Iterable<Tag>): Selection<Tag>
}

/**
 * Compiles the filters that say what is to be copied. A value is chosen when an `include` matches it, or there is none,
 * and no `exclude` does. Of tags, `semver` then leaves those in its range, by npm's rules: prereleases only where the
 * range names one of the same version. `latest` takes the highest versions of what is left, prereleases too; tags of
 * one version are in the order of their names, and tags that are no versions come after all that are.
 *
 * Throws `CONFIG_INVALID`, naming the filter.
 */
export function createSelector({
  repositories,
  tags,
}: Pick<SyncConfig, 'repositories' | 'tags'>): ImageSelector {
  const nameFilters = compileFilters('repositories', repositories)
  const tagFilters = compileFilters('tags', tags)
  const range = tags.semver === undefined ? undefined : compileRange(tags.semver)
  const all = [nameFilters, tagFilters].flatMap(({ include, exclude }) => [...include, ...exclude])
  return {
    labels: [...all, ...(range === undefined ? [] : [range])].map(({ label }) => label),
    repositories(names) {
      const { chosen, matched } = filter([...new Set(names)], nameFilters)
      return { chosen: chosen.toSorted(compareCharacters), matched }
    },
    tags(listed) {
      const candidates = [...new Set(listed)].filter((tag) => !isSignatureTag(tag))
      const { chosen, matched } = filter(candidates, tagFilters)
      const inRange = range === undefined ? chosen : chosen.filter(range.matches)
      if (range !== undefined && inRange.length > 0) matched.push(range.label)
      const latest = tags.latest === undefined ? inRange : highest(inRange, tags.latest)
      return { chosen: latest.toSorted(compareTags), matched }
    },
  }
}

function compileFilters(
  section: string,
  { include, exclude }: { readonly include: readonly string[]; readonly exclude: readonly string[] },
): { include: Filter[]; exclude: Filter[] } {
  const compile = (key: string, pattern: string) => ({
    label: `${section}.${key} ${JSON.stringify(pattern)}`,
    matches: compilePattern(pattern),
  })
  return {
    include: include.map((pattern) => compile('include', pattern)),
    exclude: exclude.map((pattern) => compile('exclude', pattern)),
  }
}

function compileRange(text: string): Filter {
  let range: Range
  try {
    range = new semver.Range(text)
  } catch (error) {
    throw new PortolanError(
      'CONFIG_INVALID',
      `tags.semver ${JSON.stringify(text)} is not a range of versions; expected one such as ">=1.28 <2"`,
      { semver: text },
      error,
    )
  }
  return {
    label: `tags.semver ${JSON.stringify(text)}`,
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
