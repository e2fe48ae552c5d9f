import { backendsOf } from './backends-of.ts'
import { MAIN_POLICY, SPLIT_MAX } from './config.ts'
import type { Draft, DraftRouting, DraftRule } from './draft.ts'
import { type ConfigPath, formatConfigPath, type Remark } from './fault.ts'
import { percentageOf } from './percentage.ts'
import { isKnownPlace, knownRegions } from './place-name.ts'
import { suggestion } from './suggestion.ts'

const CLOUD = /^[a-z0-9][a-z0-9-]*$/
const COUNTRY = /^[A-Z]{2}$/
/** How many ids a message lists. */
const LISTED_MAX = 12
/** Sums of decimal fractions miss by some last bits. */
const WHOLE = 1 + 1e-9

/** Finds what is wrong between the rules of a draft, its policies, and the backends that they name. */
export function* checkRouting(draft: Draft): Iterable<Remark> {
  const refused = selectorCheck(draft)
  const regions = regionsIn(draft)
  for (const { path, routing } of routingsOf(draft)) {
    if (refused !== undefined) yield* checkSelectors(path, routing, refused)
    yield* checkSplits(path, routing)
    for (const [index, rule] of routing.entries()) {
      yield* checkConditions([...path, index, 'when'], rule?.when, regions)
    }
    yield* checkReach(path, routing)
  }
  yield* checkPolicies(draft)
}

/** How a policy is called that has no id. */
export function policyName(index: number): string {
  return `policy-${index + 1}`
}

/** The main rules, and those of each policy. */
function* routingsOf({
  routing,
  policies = [],
}: Draft): Iterable<{ path: ConfigPath; routing: DraftRouting }> {
  if (routing !== undefined) yield { path: ['routing'], routing }
  for (const [index, policy] of policies.entries()) {
    if (policy?.routing === undefined) continue
    yield { path: ['policies', index, 'routing'], routing: policy.routing }
  }
}

/** Says what is wrong with a selector; `undefined` where that cannot be told. */
function selectorCheck(draft: Draft): ((selector: string) => string | undefined) | undefined {
  const backends = [...backendsOf(draft)]
  // Where a backend is faulty, what a selector means is not known either.
  if (backends.some(({ backend }) => backend?.id === undefined || backend.at === undefined)) return undefined
  const groups = new Set<string>()
  const ids: string[] = []
  for (const { path, backend } of backends) {
    groups.add(`${path[0]}`)
    if (backend!.at !== 'anycast') groups.add(`${path[0]}@${cloudOf(backend!.at!)}`)
    ids.push(backend!.id!)
  }
  const allowed = [...groups, ...ids]
  const known = new Set(allowed)
  const listed = [...[...groups].sort(), ...ids.slice(0, LISTED_MAX)].join(', ')
  const more = ids.length > LISTED_MAX ? ` and ${ids.length - LISTED_MAX} more ids` : ''
  return (selector) =>
    known.has(selector)
      ? undefined
      : `names no backend${suggestion(selector, allowed)}; allowed here: ${listed}${more}`
}

function* checkSelectors(
  path: ConfigPath,
  routing: DraftRouting,
  refused: (selector: string) => string | undefined,
): Iterable<Remark> {
  for (const [index, rule] of routing.entries()) {
    for (const [position, entry] of (rule?.prefer ?? []).entries()) {
      const at = [...path, index, 'prefer', position]
      if (typeof entry === 'string') {
        const message = refused(entry)
        if (message !== undefined) yield { path: at, message }
      }
      for (const selector of selectorsOf(entry)) {
        const message = refused(selector)
        if (message !== undefined) yield { path: [...at, 'split', selector], message, key: true }
      }
    }
  }
}

function* checkSplits(path: ConfigPath, routing: DraftRouting): Iterable<Remark> {
  for (const [index, rule] of routing.entries()) {
    const count = (rule?.prefer ?? []).flatMap(selectorsOf).length
    if (count <= SPLIT_MAX) continue
    const message = `splits between ${count} selectors; all splits of a rule may have ${SPLIT_MAX} together`
    yield { path: [...path, index, 'prefer'], message }
  }
}

type Entry = NonNullable<DraftRule['prefer']>[number]

/** What clients are split between. */
function selectorsOf(entry: Entry): string[] {
  return typeof entry === 'object' && entry.split !== undefined ? Object.keys(entry.split) : []
}

/** Whether what conditions name can be there; `regions` are those of each cloud. */
export function* checkConditions(
  at: ConfigPath,
  when: DraftRule['when'],
  regions: ReadonlyMap<string, ReadonlySet<string>>,
): Iterable<Remark> {
  const { cloud, region, country } = when ?? {}
  for (const [step, name] of listed(cloud)) {
    if (regions.has(name)) continue
    const hint = suggestion(name, regions.keys())
    // A cloud that nothing names may still be one that a client turns out to be in; a slip in a known name is not.
    if (hint !== '' || !CLOUD.test(name)) {
      yield { path: [...at, 'cloud', ...step], message: `must name a cloud${hint}` }
    }
  }
  const clouds = cloud === undefined ? [...regions.keys()] : listed(cloud).map(([, name]) => name)
  // Which regions a cloud of one's own has is not ours to know.
  const checkable = cloud === undefined || clouds.every((name) => knownRegions.has(name))
  for (const [step, name] of checkable ? listed(region) : []) {
    if (clouds.some((each) => regions.get(each)!.has(name) || isKnownPlace(`${each}/${name}`))) continue
    const names = clouds.flatMap((each) => [...regions.get(each)!])
    const hint = suggestion(name.slice(name.indexOf('/') + 1), names)
    yield { path: [...at, 'region', ...step], message: `must name a region, without its cloud${hint}` }
  }
  for (const [step, code] of listed(country)) {
    if (COUNTRY.test(code)) continue
    const message = 'must be an ISO 3166-1 country code of two capital letters, such as FR'
    yield { path: [...at, 'country', ...step], message }
  }
}

function* checkReach(path: ConfigPath, routing: DraftRouting): Iterable<Remark> {
  const always = routing.findIndex((rule) => rule !== undefined && isUnconditional(rule))
  if (always < 0) return
  const before = formatConfigPath([...path, always])
  for (let index = always + 1; index < routing.length; index++) {
    yield { path: [...path, index], message: `can never count: ${before} before it always matches` }
  }
}

function* checkPolicies({ policies = [] }: Draft): Iterable<Remark> {
  const first = new Map<string, number>()
  let sum = 0
  for (const [index, policy] of policies.entries()) {
    const path = ['policies', index]
    const before = sum
    sum += (policy?.share === undefined ? undefined : percentageOf(policy.share)) ?? 0
    if (sum > WHOLE && before <= WHOLE) {
      const message = 'is more than the others leave: all shares together must not be over 100 %'
      yield { path: [...path, 'share'], message }
    }
    if (policy === undefined || ('id' in policy && policy.id === undefined)) continue
    const id = policy.id ?? policyName(index)
    const other = first.get(id)
    if (other !== undefined) {
      yield { path: [...path, 'id'], message: `is already the id of policies[${other}]` }
    } else if (id === MAIN_POLICY) {
      yield { path: [...path, 'id'], message: 'is how the log and the metrics call "routing"; take another' }
    } else first.set(id, index)
  }
}

/** The regions of every cloud that is public or named in the config. */
export function regionsIn(draft: Draft): Map<string, Set<string>> {
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
