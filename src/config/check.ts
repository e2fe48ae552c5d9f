import { formatPrefix, parsePrefix } from '../net/prefix.ts'
import { backendsOf } from './backends-of.ts'
import { checkClients, checkCredentials } from './check-credentials.ts'
import { checkLegacy } from './check-legacy.ts'
import { checkCanonical, checkMirror } from './check-registries.ts'
import { checkRegistryFills } from './check-registry-fills.ts'
import { checkRouting } from './check-routing.ts'
import { checkSponsors } from './check-sponsors.ts'
import { checkStoreCredentials } from './check-store-credentials.ts'
import type { Draft } from './draft.ts'
import { type ConfigPath, formatConfigPath, type Remark } from './fault.ts'
import { listenAddressesCollide, parseListenAddress } from './listen-address.ts'
import { DEFAULT_ADMIN, DEFAULT_LISTEN } from './schema/config.ts'
import { NO_PROOF, readFlag } from './schema/values.ts'
import { suggestion } from './suggestion.ts'

/** Finds what is wrong between the values of a config, each of which may be right by itself. */
export function checkDraft(draft: Draft): Remark[] {
  return [
    ...checkListeners(draft),
    ...checkIds(draft),
    ...checkCanonical(draft),
    ...checkSources(draft),
    ...checkRouting(draft),
    ...checkPlaces(draft),
    ...checkFills(draft),
    ...checkRegistryFills(draft),
    ...checkProofs(draft),
    ...checkEndpoints(draft),
    ...checkSync(draft),
    ...checkMirror(draft),
    ...checkSponsors(draft),
    ...checkLegacy(draft),
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
