import type { Found, Guard } from '../found.ts'
import type { TomlContent, TomlString } from './toml.ts'
import { createTomlFinder } from './toml-finder.ts'
import { readReference } from './written-reference.ts'

/** Keys whose values are registries or the beginnings of paths in one, by containers-registries.conf(5). */
const PREFIXES = new Set(['prefix', 'location', 'unqualified-search-registries', 'registries'])

/**
 * Finds references in `registries.conf` of CRI-O, Podman and Buildah, both versions, and in its short-name aliases. A
 * prefix with `*.` names no registry alone and is left out. One `[[registry]]` is a redirect, or a ban.
 */
export const findInRegistriesConf = createTomlFinder({
  format: 'registries-conf',
  collect: (_, text, content) => content.strings.flatMap((string) => findInRegistry(text, string, content)),
})

function findInRegistry(text: string, string: TomlString, content: TomlContent): Found[] {
  const { path, part } = string
  const key = path.at(-1)!
  const isAlias = path[0] === 'aliases' && path.length === 2
  if (!isAlias && !PREFIXES.has(key)) return []
  const parts = readReference(text, part.span, isAlias ? {} : { registry: true })
  if (parts === undefined) return []
  const owner = isAlias ? `alias ${key}` : path.join('.')
  const found: Found = { format: 'registries-conf', parts, owner, confidence: 'certain' }
  // The lists of version 1: `[registries.block] registries = […]`.
  if (path[1] === 'block') return [{ ...found, guard: { kind: 'ban', others: [] } }]
  if (path[0] !== 'registry') return [found]
  const guard = guardOf(string, content)
  const beside = content.strings
    .filter((other) => other.table === string.table && other !== string && PREFIXES.has(other.path.at(-1)!))
    .map((other) => other.part.value)
  return [guard === undefined ? { ...found, beside } : { ...found, guard }]
}

function guardOf({ table }: TomlString, { words }: TomlContent): Guard | undefined {
  const isBlocked = words.some(
    (word) => word.table === table && word.path.at(-1) === 'blocked' && word.inner.value === 'true',
  )
  return isBlocked ? { kind: 'ban', others: [] } : undefined
}
