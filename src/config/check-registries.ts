import type { Draft, DraftBackend } from './draft.ts'
import { type ConfigPath, formatConfigPath, type Remark } from './fault.ts'
import { readFlag } from './schema/values.ts'
import { suggestion } from './suggestion.ts'

/** Each registry has one canonical upstream, and so has a config without `registries`. */
export function* checkCanonical({ upstreams, registries }: Draft): Iterable<Remark> {
  if (upstreams === undefined) return
  for (const [index, upstream] of upstreams.entries()) {
    if (readFlag(upstream?.canonical) !== true) continue
    for (const key of ['complete', 'signatures'] as const) {
      if (readFlag(upstream?.[key]) !== false) continue
      const message = 'must be true: the canonical upstream holds everything'
      yield { path: ['upstreams', index, key], message }
    }
  }
  if (registries === undefined) {
    yield* checkOneCanonical([...upstreams.entries()], ['upstreams'], '')
    return
  }
  for (const [index, registry] of registries.entries()) {
    const ids = registry?.upstreams
    // Where an upstream is faulty, whether it is one of these is not known either.
    if (ids === undefined || ids.includes(undefined)) continue
    const own = [...upstreams.entries()].filter(([, upstream]) => ids.includes(upstream?.id))
    if (own.length < ids.length) continue
    yield* checkOneCanonical(own, ['registries', index, 'upstreams'], ` of registries[${index}]`)
  }
}

function* checkOneCanonical(
  upstreams: readonly (readonly [number, DraftBackend | undefined])[],
  path: ConfigPath,
  whose: string,
): Iterable<Remark> {
  let first: number | undefined
  for (const [index, upstream] of upstreams) {
    if (readFlag(upstream?.canonical) !== true) continue
    if (first === undefined) first = index
    else {
      const message = `only one upstream${whose} may be canonical, and upstreams[${first}] is`
      yield { path: ['upstreams', index, 'canonical'], message }
    }
  }
  const undecided = upstreams.some(
    ([, upstream]) => upstream === undefined || ('canonical' in upstream && upstream.canonical === undefined),
  )
  const only = upstreams.length === 1 ? upstreams[0]![1] : undefined
  const sole = only !== undefined && !('canonical' in only)
  if (first === undefined && !undecided && !sole) {
    const message = `one upstream${whose} must be canonical: write "canonical: true" at the one that holds everything`
    yield { path, message }
  }
}

/** What only a mirror needs, and what it needs. */
export function* checkMirror(draft: Draft): Iterable<Remark> {
  const isMirror = draft.delivery === 'relay'
  // A faulty value is not known to be either.
  if ('delivery' in draft && draft.delivery === undefined) return
  for (const key of ['cache', 'registries'] as const) {
    if (isMirror || !(key in draft)) continue
    yield { path: [key], message: 'is for a mirror alone: it needs delivery: relay', key: true }
  }
  if (isMirror && !('cache' in draft)) {
    const message =
      'a mirror needs cache, with folder and size, or "cache: off" to keep nothing and fetch all each time'
    yield { path: ['delivery'], message }
  }
  yield* checkAddresses(draft)
  yield* checkMembers(draft)
}

const keyOf = (kind: string, value: string) => `${kind} ${value.toLowerCase()}`

/** What clients may say to mean a registry must mean one. */
function* checkAddresses({ registries = [] }: Draft): Iterable<Remark> {
  const first = new Map<string, ConfigPath>()
  function* once(kind: string, value: string | undefined, path: ConfigPath): Iterable<Remark> {
    if (value === undefined) return
    const key = keyOf(kind, value)
    const before = first.get(key)
    if (before === undefined) first.set(key, path)
    else yield { path, message: `already stands for ${formatConfigPath(before)}` }
  }
  for (const [index, registry] of registries.entries()) {
    const { host, names = [] } = registry ?? {}
    const path: ConfigPath = ['registries', index]
    const isNew = host === undefined || !first.has(keyOf('host', host))
    yield* once('host', host, [...path, 'host'])
    // A host that stands there twice is said once, though its path is the same too.
    if (registry?.path !== undefined) yield* once('path', registry.path, [...path, 'path'])
    else if (isNew) yield* once('path', host, [...path, 'host'])
    for (const [position, name] of names.entries()) {
      yield* once('name', name, [...path, 'names', position])
    }
  }
}

/** An upstream is one registry's: what its names mean there, they mean nowhere else. */
function* checkMembers({ registries, upstreams = [], stores = [] }: Draft): Iterable<Remark> {
  if (registries === undefined) return
  for (const [kind, backends] of [
    ['upstreams', upstreams],
    ['stores', stores],
  ] as const) {
    if (backends.some((backend) => backend?.id === undefined)) continue
    const ids = backends.map((backend) => backend!.id!)
    const taken = new Map<string, ConfigPath>()
    for (const [index, registry] of registries.entries()) {
      for (const [position, id] of (registry?.[kind] ?? []).entries()) {
        if (id === undefined) continue
        const path: ConfigPath = ['registries', index, kind, position]
        const before = taken.get(id)
        if (!ids.includes(id)) {
          const there = ids.length === 0 ? 'there is none' : `allowed here: ${ids.join(', ')}`
          yield { path, message: `must be the id of one of the ${kind}${suggestion(id, ids)}; ${there}` }
        } else if (kind === 'upstreams' && before !== undefined) {
          yield { path, message: `is already an upstream of ${formatConfigPath(before.slice(0, 2))}` }
        }
        taken.set(id, path)
      }
    }
    // Where a list is faulty, whom it would have named is not known.
    const isWhole = registries.every((registry) => (registry?.upstreams?.length ?? 0) > 0)
    if (kind === 'stores' || !isWhole) continue
    for (const [index, id] of ids.entries()) {
      if (taken.has(id)) continue
      yield { path: ['upstreams', index], message: 'is of no registry: name it in one of registries' }
    }
  }
}
