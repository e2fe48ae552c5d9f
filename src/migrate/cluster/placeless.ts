import { findingsOf } from '../findings.ts'
import type { Found } from '../found.ts'
import type { RegistryMap } from '../map.ts'
import { writtenOf } from '../name.ts'

/** Stands for the text of what lives in a cluster, where nothing has a line. */
export const NOWHERE = { path: '', text: '' }

/** Whether a map has something to say of it. */
export function isOfMap(found: Found, map: RegistryMap): boolean {
  return findingsOf(NOWHERE, [found], map).length > 0
}

/** The same without its place in a text that nobody ever saw, and without keeping that text in memory. */
export function withoutPlace(found: Found): Found {
  const { parts, ...rest } = structuredClone(found)
  const placeless = Object.entries(parts).map(([name, { value }]) => [
    name,
    { value, span: { start: 0, end: 0 } },
  ])
  return { ...rest, parts: Object.fromEntries(placeless) }
}

/** Each once: an object that says it twice at one place is one object. */
export function distinct(found: readonly Found[]): Found[] {
  const seen = new Set<string>()
  return found.filter((one) => {
    const key = `${one.owner} ${writtenOf(one.parts)}`
    if (seen.has(key)) return false
    seen.add(key)
    return true
  })
}
