import { borderGroups } from '../clouds/border-groups.ts'
import { listedClouds } from '../clouds/listed-clouds.ts'
import { placeOf } from '../clouds/places.ts'
import { knownPlaces } from '../clouds/regions.ts'
import { finish, forEachInSteps, type Steps } from '../internal/steps.ts'
import { parseAddress } from '../net/address.ts'
import { parsePrefix, prefixContains } from '../net/prefix.ts'
import { asksForPlace } from './condition.ts'
import type { Config, RuleConfig } from './config.ts'
import { type ConfigPath, formatConfigPath, type Remark } from './fault.ts'
import { PlaceIndex } from './place-index.ts'
import { RuleIndex } from './rule-index.ts'
import { warnOfLegacy } from './warn-of-legacy.ts'
import { warnOfLogins } from './warn-of-logins.ts'

/**
 * Says where a valid config cannot do what it says. `placesAreGiven` where the runtime itself knows the places of
 * clients, so that no list is needed.
 */
export function warningsOf(config: Config, placesAreGiven = false): Remark[] {
  return finish(warningsInSteps(config, placesAreGiven))
}

/** The same in steps: a config may have tens of thousands of places, and thousands of rules. */
export function* warningsInSteps(config: Config, placesAreGiven: boolean): Steps<Remark[]> {
  const remarks: Remark[] = []
  const routings = routingsOf(config)
  if (config.adminTls !== undefined && config.admin === undefined) {
    remarks.push({ path: ['adminTls'], message: 'is for nobody, since admin is off' })
  }
  remarks.push(...warnOfLogins(config, (host) => lies(host, LOOPBACK)))
  remarks.push(...warnOfLegacy(config))
  if (!placesAreGiven) {
    warnOfEverybodySomewhere(config, remarks)
    yield* warnOfUnknownPlaces(config, routings, remarks)
    yield* warnOfUnlistedPlaces(config, routings, remarks)
  }
  yield* warnOfCoveredRules(routings, remarks)
  yield* warnOfContradictions(routings, remarks)
  yield* warnOfSoleSplits(routings, remarks)
  yield* warnOfPrivateTargets(config, remarks)
  yield* warnOfClearSecrets(config, remarks)
  return remarks
}

/** Rules, and where they stand. */
interface Routing {
  readonly path: ConfigPath
  readonly rules: readonly RuleConfig[]
}

/** The main rules, and those of each policy. */
function routingsOf({ routing, policies = [] }: Config): Routing[] {
  return [
    { path: ['routing'], rules: routing },
    ...policies.map((policy, index) => ({ path: ['policies', index, 'routing'], rules: policy.routing })),
  ]
}

/** Looks at each rule, by its path. */
function* eachRule(
  routings: readonly Routing[],
  look: (rule: RuleConfig, path: ConfigPath) => void,
): Steps<void> {
  for (const { path, rules } of routings) {
    yield* forEachInSteps(rules.entries(), ([index, rule]) => look(rule, [...path, index]))
  }
}

/** Backends are ranked by how near they are, and of no client it is known where it is. */
function warnOfEverybodySomewhere(config: Config, remarks: Remark[]): void {
  const { snapshot, refresh, places } = config.clouds
  if (snapshot !== undefined || refresh !== undefined || places.length > 0 || config.routing.length > 0)
    return
  if (alternatives(config).every((backends) => new Set(backends.map(({ at }) => at)).size < 2)) return
  const message =
    'nothing says where clients are, so none is sent to the nearest backend: set clouds.snapshot and clouds.refresh, or clouds.places'
  remarks.push({ path: ['clouds'], message })
}

/** Backends one of which is chosen by where it is: those of two registries never stand for each other. */
function alternatives({ registries, upstreams, stores }: Config): { readonly at: string }[][] {
  if (registries.length === 0) return [[...upstreams], [...stores]]
  return registries.flatMap((registry) => [
    upstreams.filter(({ id }) => registry.upstreams.includes(id)),
    stores.filter(({ id }) => registry.stores.includes(id)),
  ])
}

/** A rule needs to know where clients are, and nothing tells. */
function* warnOfUnknownPlaces(
  { clouds }: Config,
  routings: readonly Routing[],
  remarks: Remark[],
): Steps<void> {
  if (clouds.snapshot !== undefined || clouds.refresh !== undefined) return
  const places = new PlaceIndex()
  const seen = new Set<string>()
  yield* forEachInSteps(clouds.places, ({ at }) => {
    if (!seen.has(at)) places.add(placeOf(at))
    seen.add(at)
  })
  yield* eachRule(routings, ({ when }, path) => {
    if (!asksForPlace(when) || some(places.matching(when))) return
    const message =
      'matches nobody, since nothing says that a client is there: set clouds.snapshot and clouds.refresh, or clouds.places'
    remarks.push({ path: [...path, 'when'], message })
  })
}

/** There are ranges, but none that could ever say what a rule asks for: most likely a slip, such as `google` for `gcp`. */
function* warnOfUnlistedPlaces(
  { clouds }: Config,
  routings: readonly Routing[],
  remarks: Remark[],
): Steps<void> {
  if (clouds.snapshot === undefined && clouds.refresh === undefined) return
  const known = new Set<string | undefined>(listedClouds)
  yield* forEachInSteps(clouds.places, ({ at }) => known.add(placeOf(at).cloud))
  yield* eachRule(routings, ({ when }, rule) => {
    const path = [...rule, 'when']
    for (const cloud of when.cloud ?? []) {
      if (known.has(cloud)) continue
      const message = `no client is ever in ${cloud}: it is in no list and not in clouds.places; those in lists are ${listedClouds.join(', ')}`
      remarks.push({ path, message })
    }
    for (const country of when.country ?? []) {
      if (placeOf(`country/${country}`).coordinates !== undefined) continue
      remarks.push({ path, message: `no client is ever in ${country}: it is no country of ISO 3166-1` })
    }
  })
}

function* warnOfCoveredRules(routings: readonly Routing[], remarks: Remark[]): Steps<void> {
  for (const routing of routings) {
    const rules = new RuleIndex()
    yield* eachRule([routing], ({ when }, path) => {
      const before = rules.add(when)
      if (before === undefined) return
      const covering = formatConfigPath([...routing.path, before])
      const message = `matches nobody, since ${covering} before it matches all whom this one does`
      remarks.push({ path: [...path, 'when'], message })
    })
  }
}

/** Regions are in one country each: another country beside them leaves nobody. */
function* warnOfContradictions(routings: readonly Routing[], remarks: Remark[]): Steps<void> {
  const places = new PlaceIndex([...knownPlaces.values(), ...borderGroups.values()])
  yield* eachRule(routings, ({ when: { cloud, region, country } }, path) => {
    if (region === undefined || country === undefined) return
    const there = [...places.matching({ region, ...(cloud && { cloud }) })]
    const all = region.every((name) => there.some((place) => place.region === name || place.parent === name))
    // Of a region that only the operator knows, nobody can say in which country it is.
    if (!all || there.some((place) => place.country === undefined || country.includes(place.country))) return
    const found = [...new Set(there.map((place) => place.country))].join(', ')
    const message = `matches nobody, since these regions are in ${found}`
    remarks.push({ path: [...path, 'when'], message })
  })
}

function* warnOfSoleSplits(routings: readonly Routing[], remarks: Remark[]): Steps<void> {
  yield* eachRule(routings, ({ prefer }, path) => {
    for (const [position, entry] of prefer.entries()) {
      if (typeof entry === 'string' || Object.keys(entry.split).length > 1) continue
      const message = 'splits clients between one selector, which gets all of them'
      remarks.push({ path: [...path, 'prefer', position, 'split'], message })
    }
  })
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
function* warnOfPrivateTargets(
  { upstreams, stores, listen, delivery }: Config,
  remarks: Remark[],
): Steps<void> {
  // A mirror redirects nobody, and may well be one of registries that only its own network has.
  if (delivery === 'relay') return
  // A door that only this machine can reach is one to try things with.
  const prefixes = lies(listen.host, LOOPBACK) ? PRIVATE : [...LOOPBACK, ...PRIVATE]
  const lists: Record<'upstreams' | 'stores', readonly { url?: string }[]> = { upstreams, stores }
  for (const kind of ['upstreams', 'stores'] as const) {
    yield* forEachInSteps(lists[kind].entries(), ([index, { url }]) => {
      if (url === undefined || !lies(new URL(url).hostname, prefixes)) return
      const message =
        'is a private, loopback or link-local address, to which clients such as crane refuse to be redirected: give it a DNS name'
      remarks.push({ path: [kind, index, 'url'], message })
    })
  }
}

/** Signed requests say no secret; a signature in the address and a token do, to whoever is on the way. */
function* warnOfClearSecrets({ stores }: Config, remarks: Remark[]): Steps<void> {
  yield* forEachInSteps(stores.entries(), ([index, { fill }]) => {
    if (fill === undefined || fill.kind === 'folder' || fill.kind === 's3') return
    const { kind, endpoint, credentials } = fill
    const isSaid =
      kind === 'gcs' ? credentials !== undefined : credentials !== undefined && 'sas' in credentials
    if (!isSaid || !endpoint?.startsWith('http:') || lies(new URL(endpoint).hostname, LOOPBACK)) return
    const message =
      'takes what lets us in to it in the clear, for all on the way to read: give it an https URL'
    remarks.push({ path: ['stores', index, 'fill', kind, 'endpoint'], message })
  })
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
