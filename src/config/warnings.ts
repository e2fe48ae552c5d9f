import { borderGroups } from '../clouds/border-groups.ts'
import { listedClouds } from '../clouds/listed-clouds.ts'
import { placeOf } from '../clouds/places.ts'
import { knownPlaces } from '../clouds/regions.ts'
import { parseAddress } from '../net/address.ts'
import { parsePrefix, prefixContains } from '../net/prefix.ts'
import type { Config } from './config.ts'
import type { Remark } from './fault.ts'
import { PlaceIndex } from './place-index.ts'
import { RuleIndex } from './rule-index.ts'

/**
 * Says where a valid config cannot do what it says. `placesAreGiven` where the runtime itself knows the places of
 * clients, so that no list is needed.
 */
export function warningsOf(config: Config, placesAreGiven = false): Remark[] {
  return [
    ...(placesAreGiven ? [] : [...warnOfUnknownPlaces(config), ...warnOfUnlistedPlaces(config)]),
    ...warnOfCoveredRules(config),
    ...warnOfContradictions(config),
    ...warnOfPrivateTargets(config),
  ]
}

/** A rule needs to know where clients are, and nothing tells. */
function* warnOfUnknownPlaces({ clouds, routing }: Config): Iterable<Remark> {
  if (clouds.snapshot !== undefined || clouds.refresh !== undefined) return
  const places = new PlaceIndex(new Set(clouds.places.map(({ at }) => at)).values().map(placeOf))
  for (const [index, { when }] of routing.entries()) {
    if (Object.keys(when).length === 0 || some(places.matching(when))) continue
    const message =
      'matches nobody, since nothing says that a client is there: set clouds.snapshot and clouds.refresh, or clouds.places'
    yield { path: ['routing', index, 'when'], message }
  }
}

/** There are ranges, but none that could ever say what a rule asks for: most likely a slip, such as `google` for `gcp`. */
function* warnOfUnlistedPlaces({ clouds, routing }: Config): Iterable<Remark> {
  if (clouds.snapshot === undefined && clouds.refresh === undefined) return
  const known = new Set([...listedClouds, ...clouds.places.map(({ at }) => placeOf(at).cloud)])
  for (const [index, { when }] of routing.entries()) {
    const path = ['routing', index, 'when']
    for (const cloud of when.cloud ?? []) {
      if (known.has(cloud)) continue
      const message = `no client is ever in ${cloud}: it is in no list and not in clouds.places; those in lists are ${listedClouds.join(', ')}`
      yield { path, message }
    }
    for (const country of when.country ?? []) {
      if (placeOf(`country/${country}`).coordinates !== undefined) continue
      yield { path, message: `no client is ever in ${country}: it is no country of ISO 3166-1` }
    }
  }
}

function* warnOfCoveredRules({ routing }: Config): Iterable<Remark> {
  const rules = new RuleIndex()
  for (const [index, { when }] of routing.entries()) {
    const before = rules.add(when)
    if (before === undefined) continue
    const message = `matches nobody, since routing[${before}] before it matches all whom this one does`
    yield { path: ['routing', index, 'when'], message }
  }
}

/** Regions are in one country each: another country beside them leaves nobody. */
function* warnOfContradictions({ routing }: Config): Iterable<Remark> {
  const places = new PlaceIndex([...knownPlaces.values(), ...borderGroups.values()])
  for (const [index, { when }] of routing.entries()) {
    const { cloud, region, country } = when
    if (region === undefined || country === undefined) continue
    const there = [...places.matching({ region, ...(cloud && { cloud }) })]
    const all = region.every((name) => there.some((place) => place.region === name || place.parent === name))
    // Of a region that only the operator knows, nobody can say in which country it is.
    if (!all || there.some((place) => place.country === undefined || country.includes(place.country)))
      continue
    const found = [...new Set(there.map((place) => place.country))].join(', ')
    yield { path: ['routing', index, 'when'], message: `matches nobody, since these regions are in ${found}` }
  }
}

function some(found: Iterable<unknown>): boolean {
  for (const _ of found) return true
  return false
}

const LOOPBACK = ['127.0.0.0/8', '::1/128'].map(parsePrefix)
/** RFC 1918, 3927, 4193, 4291 and 6598: what leads elsewhere for everyone, or to nobody. */
const PRIVATE = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '169.254.0.0/16', '172.16.0.0/12', '192.168.0.0/16'],
  ...['::/128', 'fc00::/7', 'fe80::/10'],
].map(parsePrefix)

/** go-containerregistry from 0.21.6 on (crane, ko and many more) follows no redirect to such an address. */
function* warnOfPrivateTargets({ upstreams, stores, listen }: Config): Iterable<Remark> {
  // A door that only this machine can reach is one to try things with.
  const prefixes = lies(listen.host, LOOPBACK) ? PRIVATE : [...LOOPBACK, ...PRIVATE]
  const lists = { upstreams, stores }
  for (const kind of ['upstreams', 'stores'] as const) {
    for (const [index, { url }] of lists[kind].entries()) {
      if (url === undefined || !lies(new URL(url).hostname, prefixes)) continue
      const message =
        'is a private, loopback or link-local address, to which clients such as crane refuse to be redirected: give it a DNS name'
      yield { path: [kind, index, 'url'], message }
    }
  }
}

function lies(host: string, prefixes: readonly ReturnType<typeof parsePrefix>[]): boolean {
  const address = parseAddress(host.replace(/^\[|\]$/g, ''))
  if (address === undefined) return isLocalhost(host) && prefixes.includes(LOOPBACK[0]!)
  return prefixes.some((prefix) => prefixContains(prefix, address))
}

/** RFC 6761, section 6.3: whatever ends in it is loopback. */
function isLocalhost(host: string): boolean {
  return /(?:^|\.)localhost\.?$/i.test(host)
}
