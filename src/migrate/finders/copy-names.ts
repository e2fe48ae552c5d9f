import type { Found } from '../found.ts'
import { startOf } from './overlap.ts'

/** What the names of variables, flags and settings say: where content comes from, and where it goes to. */
const FROM = new Set(['from', 'source', 'src', 'origin', 'upstream'])
const SOURCES = /from|source|src|origin|upstream/i
const TO = new Set(['to', 'target', 'dst', 'dest', 'destination', 'new', 'replacement'])
const NAME = /([A-Za-z_][\w-]*)["']?[ \t]*(?:::?=|[?+]=|[:=])[ \t]*["']?(?:[a-z]+:\/\/)?$/
/** `TARGET=registry`, `--target registry`, `target: registry`, `{name: TARGET, value: registry}`. */
const VALUE =
  /(?<![\w-])([-A-Za-z_][\w-]{0,63})["']?[ \t]*(?:(?:::?=|[?+]=|[:= ])[ \t]*|,?\s{0,80}["']?value["']?[ \t]*:[ \t]*)["']?([\w-]{1,63}(?:\.[\w-]{1,63})+[\w./:@-]{0,255})/g
const REACH = 80
/** Of one name. */
const VALUES_MAX = 16

/**
 * Says of each reference whose name is that of a source what the target of the same name has in the same text: with the
 * new name there, `SOURCE_REGISTRY=k8s.gcr.io` and `TARGET_REGISTRY=registry.k8s.io` are the two ends of one copy.
 */
export function withCopies(text: string, found: readonly Found[]): readonly Found[] {
  let targets: ReadonlyMap<string, readonly string[]> | undefined
  return found.map((one) => {
    const stems = namesOf(text, one).flatMap((name) => stemOf(name, FROM) ?? [])
    if (stems.length === 0) return one
    targets ??= targetsOf(text)
    const values = stems.flatMap((stem) => targets?.get(stem) ?? [])
    return values.length === 0 ? one : { ...one, beside: [...(one.beside ?? []), ...values] }
  })
}

function targetsOf(text: string): Map<string, string[]> {
  const targets = new Map<string, string[]>()
  for (const [, name, value] of text.matchAll(VALUE)) {
    const stem = stemOf(name!, TO)
    if (stem !== undefined) targets.set(stem, [...(targets.get(stem) ?? []), value!].slice(0, VALUES_MAX))
  }
  return targets
}

/** What stands in front of it, and what the finder called it. */
function namesOf(text: string, found: Found): string[] {
  const { owner } = found
  const start = startOf(found)
  const head = text.slice(Math.max(0, start - REACH), start)
  if (!SOURCES.test(head) && !SOURCES.test(owner)) return []
  const [, before = ''] = NAME.exec(head) ?? []
  return [before, owner.slice(Math.max(owner.lastIndexOf(' '), owner.lastIndexOf('.')) + 1)]
}

/** What a name says besides one of some words: `SOURCE_REGISTRY`, `--source-registry` and `sourceRegistry` say registry. */
function stemOf(name: string, words: ReadonlySet<string>): string | undefined {
  const parts = name
    .replace(/([a-z0-9])(?=[A-Z])/g, '$1 ')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((part) => part !== '')
  const rest = parts.filter((part) => !words.has(part))
  return rest.length < parts.length ? rest.join(' ') : undefined
}
