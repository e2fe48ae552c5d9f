import { formatPrefix, parsePrefix } from '../net/prefix.ts'
import { checkClients, checkCredentials } from './check-credentials.ts'
import { checkCanonical, checkMirror } from './check-registries.ts'
import { checkRegistryFills } from './check-registry-fills.ts'
import { checkStoreCredentials } from './check-store-credentials.ts'
import type { Draft, DraftBackend, DraftRule } from './draft.ts'
import { type ConfigPath, formatConfigPath, type Remark } from './fault.ts'
import { listenAddressesCollide, parseListenAddress } from './listen-address.ts'
import { isKnownPlace, knownRegions } from './place-name.ts'
import { DEFAULT_ADMIN, DEFAULT_LISTEN } from './schema/config.ts'
import { NO_PROOF, readFlag } from './schema/values.ts'
import { suggestion } from './suggestion.ts'

const CLOUD = /^[a-z0-9][a-z0-9-]*$/
const COUNTRY = /^[A-Z]{2}$/
/** How many ids a message lists. */
const LISTED_MAX = 12

/** Finds what is wrong between the values of a config, each of which may be right by itself. */
export function checkDraft(draft: Draft): Remark[] {
  return [
    ...checkListeners(draft),
    ...checkIds(draft),
    ...checkCanonical(draft),
    ...checkSources(draft),
    ...checkSelectors(draft),
    ...checkConditions(draft),
    ...checkReach(draft),
    ...checkPlaces(draft),
    ...checkFills(draft),
    ...checkRegistryFills(draft),
    ...checkProofs(draft),
    ...checkEndpoints(draft),
    ...checkSync(draft),
    ...checkMirror(draft),
    ...checkCredentials(draft),
    ...checkClients(draft),
  ]
}

/** What is published must be signed, and tells of hosts that clients are sent to. */
function* checkEndpoints({ endpoints, ownership, delivery }: Draft): Iterable<Remark> {
  if (endpoints === undefined) return
  if (delivery === 'relay') {
    yield {
      path: ['endpoints'],
      message: 'is not for a mirror: its clients need no host but the mirror',
      key: true,
    }
  }
  if (!('publicKey' in endpoints) && ownership === undefined) {
    yield {
      path: ['endpoints'],
      message: 'needs publicKey, by which the file must be signed, as there is no ownership.publicKey',
    }
  }
}

function* checkListeners({ listen = DEFAULT_LISTEN, admin = DEFAULT_ADMIN }: Draft): Iterable<Remark> {
  const door = parseListenAddress(listen)
  const service = parseListenAddress(admin)
  if (door && service && listenAddressesCollide(door, service)) {
    yield { path: ['admin'], message: `must not share a port with the door, which listens on ${listen}` }
  }
}

function* checkIds(draft: Draft): Iterable<Remark> {
  const first = new Map<string, ConfigPath>()
  for (const { path, backend } of backendsOf(draft)) {
    if (backend?.id === undefined) continue
    const before = first.get(backend.id)
    if (before === undefined) first.set(backend.id, path)
    else yield { path: [...path, 'id'], message: `is already the id of ${formatConfigPath(before)}` }
  }
}

/** Where what an upstream has may lie. */
const SOURCES = ['url', 'layout', 'bundle']

function* checkSources({ upstreams = [] }: Draft): Iterable<Remark> {
  for (const [index, upstream] of upstreams.entries()) {
    if (upstream === undefined) continue
    const path = ['upstreams', index]
    const given = SOURCES.filter((key) => key in upstream)
    if (given.length > 1) {
      const both = given.length === 2 ? 'both ' : ''
      yield { path, message: `has ${both}${given.join(' and ')}; keep one` }
    }
    if (given.length === 0) {
      yield { path, message: 'needs url (a remote registry), layout or bundle (folders)' }
    }
  }
}

function* checkSelectors(draft: Draft): Iterable<Remark> {
  const backends = [...backendsOf(draft)]
  // Where a backend is faulty, what a selector means is not known either.
  if (backends.some(({ backend }) => backend?.id === undefined || backend.at === undefined)) return
  const groups = new Set<string>()
  const ids: string[] = []
  for (const { path, backend } of backends) {
    groups.add(`${path[0]}`)
    if (backend!.at !== 'anycast') groups.add(`${path[0]}@${cloudOf(backend!.at!)}`)
    ids.push(backend!.id!)
  }
  const allowed = [...groups, ...ids]
  const listed = [...[...groups].sort(), ...ids.slice(0, LISTED_MAX)].join(', ')
  const more = ids.length > LISTED_MAX ? ` and ${ids.length - LISTED_MAX} more ids` : ''
  for (const [index, rule] of (draft.routing ?? []).entries()) {
    for (const [position, selector] of (rule?.prefer ?? []).entries()) {
      if (selector === undefined || allowed.includes(selector)) continue
      const message = `names no backend${suggestion(selector, allowed)}; allowed here: ${listed}${more}`
      yield { path: ['routing', index, 'prefer', position], message }
    }
  }
}

function* checkConditions(draft: Draft): Iterable<Remark> {
  const regions = regionsIn(draft)
  for (const [index, rule] of (draft.routing ?? []).entries()) {
    const { cloud, region, country } = rule?.when ?? {}
    const path = ['routing', index, 'when']
    for (const [step, name] of listed(cloud)) {
      if (regions.has(name)) continue
      const hint = suggestion(name, regions.keys())
      // A cloud that nothing names may still be one that a client turns out to be in; a slip in a known name is not.
      if (hint !== '' || !CLOUD.test(name)) {
        yield { path: [...path, 'cloud', ...step], message: `must name a cloud${hint}` }
      }
    }
    const clouds = cloud === undefined ? [...regions.keys()] : listed(cloud).map(([, name]) => name)
    // Which regions a cloud of one's own has is not ours to know.
    const checkable = cloud === undefined || clouds.every((name) => knownRegions.has(name))
    for (const [step, name] of checkable ? listed(region) : []) {
      if (clouds.some((each) => regions.get(each)!.has(name) || isKnownPlace(`${each}/${name}`))) continue
      const names = clouds.flatMap((each) => [...regions.get(each)!])
      const hint = suggestion(name.slice(name.indexOf('/') + 1), names)
      yield { path: [...path, 'region', ...step], message: `must name a region, without its cloud${hint}` }
    }
    for (const [step, code] of listed(country)) {
      if (COUNTRY.test(code)) continue
      const message = 'must be an ISO 3166-1 country code of two capital letters, such as FR'
      yield { path: [...path, 'country', ...step], message }
    }
  }
}

function* checkReach({ routing = [] }: Draft): Iterable<Remark> {
  const always = routing.findIndex((rule) => rule !== undefined && isUnconditional(rule))
  if (always < 0) return
  for (let index = always + 1; index < routing.length; index++) {
    yield {
      path: ['routing', index],
      message: `can never count: routing[${always}] before it always matches`,
    }
  }
}

function* checkPlaces({ clouds }: Draft): Iterable<Remark> {
  const first = new Map<string, number>()
  for (const [index, place] of (clouds?.places ?? []).entries()) {
    if (place?.prefix === undefined) continue
    const key = formatPrefix(parsePrefix(place.prefix))
    const before = first.get(key)
    if (before === undefined) first.set(key, index)
    else {
      const path = ['clouds', 'places', index, 'prefix']
      yield { path, message: `is already placed by clouds.places[${before}]` }
    }
  }
}

const FILLS = ['s3', 'azureBlob', 'gcs', 'folder']

function* checkFills({ stores = [] }: Draft): Iterable<Remark> {
  for (const [index, store] of stores.entries()) {
    if (store?.fill === undefined) continue
    const path = ['stores', index, 'fill']
    const kinds = FILLS.filter((kind) => kind in store.fill!)
    if (Object.keys(store.fill).every((key) => key === 'partial'))
      yield { path, message: `needs one of ${FILLS.join(', ')}` }
    if ('partial' in store.fill && !('folder' in store.fill)) {
      yield { path: [...path, 'partial'], message: 'is for a folder, and there is none' }
    }
    if (kinds.length > 1) yield { path, message: `has ${kinds.join(' and ')}; keep one` }
    yield* checkStoreCredentials(path, store.fill)
    const { azureBlob } = store.fill
    if (azureBlob === undefined) continue
    const ways = ['account', 'endpoint'].filter((key) => key in azureBlob)
    const azurePath = [...path, 'azureBlob']
    if (ways.length === 0) yield { path: azurePath, message: 'needs account or endpoint' }
    if (ways.length > 1) yield { path: azurePath, message: 'has both account and endpoint; keep one' }
  }
}

function* checkProofs(draft: Draft): Iterable<Remark> {
  const { stores = [] } = draft
  for (const [index, store] of stores.entries()) {
    if (store?.proofUrl !== undefined && (store.proof === NO_PROOF || !('ownership' in draft))) {
      const message = 'is of no use: no proof of ownership is asked of this store'
      yield { path: ['stores', index, 'proofUrl'], message }
    }
    if (store?.proof === undefined || store.proof === NO_PROOF) continue
    const path = ['stores', index, 'proof']
    if (!('ownership' in draft)) {
      yield { path, message: 'needs ownership.publicKey, by which proofs are checked' }
    }
    // Where a store is faulty, whose proof this is is not known either.
    if (stores.some((each) => each?.id === undefined)) continue
    const ids = stores.map((each) => each!.id!)
    if (ids.includes(store.proof)) continue
    const message = `must be off or the id of a store${suggestion(store.proof, ids)}`
    yield { path, message }
  }
}

function* checkSync({ upstreams = [], sync }: Draft): Iterable<Remark> {
  if (sync === undefined) return
  const remote: string[] = []
  for (const upstream of upstreams) {
    // Where an upstream is faulty, which one is meant is not known either.
    if (upstream?.id === undefined) return
    if ('url' in upstream) remote.push(upstream.id)
  }
  const there = remote.length === 0 ? 'there is none' : `allowed here: ${remote.join(', ')}`
  if ('from' in sync) {
    if (sync.from === undefined || remote.includes(sync.from)) return
    const message = `must be the id of an upstream with url${suggestion(sync.from, remote)}; ${there}`
    yield { path: ['sync', 'from'], message }
    return
  }
  const canonical =
    upstreams.length === 1
      ? upstreams[0]
      : upstreams.find((upstream) => readFlag(upstream?.canonical) === true)
  if (canonical === undefined || 'url' in canonical) return
  const message = `needs an upstream with url to copy from, and the canonical one, ${canonical.id}, has none; ${there}`
  yield { path: ['sync'], message }
}

function* backendsOf({ upstreams = [], stores = [] }: Draft): Iterable<{
  path: ConfigPath
  backend: DraftBackend | undefined
}> {
  for (const [index, backend] of upstreams.entries()) yield { path: ['upstreams', index], backend }
  for (const [index, backend] of stores.entries()) yield { path: ['stores', index], backend }
}

/** The regions of every cloud that is public or named in the config. */
function regionsIn(draft: Draft): Map<string, Set<string>> {
  const regions = new Map([...knownRegions].map(([cloud, names]) => [cloud, new Set(names)]))
  const places = [...backendsOf(draft)].map(({ backend }) => backend?.at)
  for (const at of [...places, ...(draft.clouds?.places ?? []).map((place) => place?.at)]) {
    if (at === undefined || at === 'anycast') continue
    const cloud = cloudOf(at)
    const names = regions.get(cloud) ?? new Set()
    regions.set(cloud, names.add(at.slice(cloud.length + 1)))
  }
  return regions
}

function cloudOf(at: string): string {
  return at.slice(0, at.indexOf('/'))
}

/** The values of a condition, each with the step of the path that leads to it. */
function listed(condition: string | readonly string[] | undefined): [ConfigPath, string][] {
  if (condition === undefined) return []
  return typeof condition === 'string' ? [[[], condition]] : condition.map((value, index) => [[index], value])
}

function isUnconditional(rule: DraftRule): boolean {
  return !('when' in rule) || (rule.when !== undefined && Object.keys(rule.when).length === 0)
}
