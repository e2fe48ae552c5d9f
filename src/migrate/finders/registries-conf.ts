import type { Finder, Found } from '../found.ts'
import { readToml } from './toml.ts'
import { readReference } from './written-reference.ts'

/** Keys whose values are registries or the beginnings of paths in one, by containers-registries.conf(5). */
const PREFIXES = new Set(['prefix', 'location', 'unqualified-search-registries', 'registries'])

/**
 * Finds references in `registries.conf` of CRI-O, Podman and Buildah, both versions, and in its short-name aliases.
 * A prefix with `*.` names no registry alone and is left out.
 */
export const findInRegistriesConf: Finder = ({ text }) =>
  readToml(text).strings.flatMap(({ path, part }): Found[] => {
    const key = path.at(-1)!
    const isAlias = path[0] === 'aliases' && path.length === 2
    if (!isAlias && !PREFIXES.has(key)) return []
    const parts = readReference(text, part.span, isAlias ? {} : { registry: true })
    const owner = isAlias ? `alias ${key}` : path.join('.')
    return parts === undefined ? [] : [{ format: 'registries-conf', parts, owner, confidence: 'certain' }]
  })
