import type { Name, Tag } from '../oci/name.ts'
import type { LegacyList } from './legacy-list.ts'

/** What became of what a list had, in the next one: nothing, as long as the old name is frozen. */
export interface ListChanges {
  /** `NAME:TAG` that are no longer there, and how many. */
  readonly lost: SomeImages
  /** Those that stand for something else. */
  readonly moved: SomeImages
  /** Those that are new. */
  readonly added: SomeImages
}

/** Images, of which the first are named. */
export interface SomeImages {
  readonly count: number
  readonly first: readonly string[]
}

const NAMED = 5

/** Compares two lists of one old name. */
export function compareLists(
  before: Pick<LegacyList, 'repositories'>,
  after: Pick<LegacyList, 'repositories'>,
): ListChanges {
  const changes = { lost: new Some(), moved: new Some(), added: new Some() }
  for (const [name, tag, digest] of tagsOf(before)) {
    const now = tagIn(after, name, tag)
    if (now === undefined) changes.lost.add(`${name}:${tag}`)
    else if (now !== digest) changes.moved.add(`${name}:${tag}`)
  }
  for (const [name, tag] of tagsOf(after)) {
    if (tagIn(before, name, tag) === undefined) changes.added.add(`${name}:${tag}`)
  }
  return changes
}

class Some implements SomeImages {
  count = 0
  readonly first: string[] = []

  add(image: string): void {
    this.count++
    if (this.first.length < NAMED) this.first.push(image)
  }
}

function* tagsOf({ repositories }: Pick<LegacyList, 'repositories'>): Iterable<[Name, Tag, string]> {
  for (const [name, { tags }] of Object.entries(repositories)) {
    for (const [tag, digest] of Object.entries(tags)) yield [name as Name, tag as Tag, digest]
  }
}

/** A tag may be called `constructor`, and a list need not come from a file. */
function tagIn({ repositories }: Pick<LegacyList, 'repositories'>, name: Name, tag: Tag): string | undefined {
  const tags = Object.hasOwn(repositories, name) ? repositories[name]!.tags : {}
  return Object.hasOwn(tags, tag) ? (tags as Readonly<Record<Tag, string>>)[tag] : undefined
}
