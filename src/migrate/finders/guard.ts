import type { Found, Guard, Part } from '../found.ts'

const BANS = /den(?:y|ied)|disallow|forbid|blocked|block[_-]?list|black[_-]?list|banned|prohibit|reject/i
const ALLOWS = /allow|white[_-]?list|trusted|permitted|approved/i
/** What a rule does not hold for goes by its name, and moves with it. */
const EXEMPT = /exempt|exclude|ignore|skip/i

/** What else the name of a rule may say; `denylistController` is something that has an image. */
const OF_RULES = new Set(
  (
    'registry registries image images repo repos repository repositories host hosts source sources domain domains ' +
    'prefix prefixes pattern patterns list lists entry entries item items name names reference references rule rules ' +
    'condition conditions config configs policy policies setting settings container containers pull pulls docker ' +
    'kubernetes k8s admission default additional extra all by for from in of to the'
  ).split(' '),
)

/** What is known of a value's surroundings. */
export interface Surroundings {
  /** The keys that lead to it. */
  readonly path: readonly string[]
  /** The API and the kind of the object that it is in, if it is in one. */
  readonly apiVersion?: string
  readonly kind?: string
}

/**
 * Whether a value says what may be pulled: by the names of its keys (`blockedRegistries`, `allowedRepos`), or because
 * it is in a policy of Gatekeeper, Kyverno or sigstore.
 */
export function guardKindOf({ path, apiVersion = '', kind = '' }: Surroundings): Guard['kind'] | undefined {
  if (path.some((key) => EXEMPT.test(key))) return undefined
  const isConstraint = apiVersion.startsWith('constraints.gatekeeper.sh/')
  const isKyverno = /^(?:[\w.-]+\.)?kyverno\.io\//.test(apiVersion)
  const last = path.findLast((key) => key !== '[]') ?? ''
  const says = (words: RegExp) =>
    words.test(last) ||
    (isConstraint && words.test(kind)) ||
    path.some((key) => words.test(key) && isOfRules(key.replace(words, '')))
  if (says(BANS)) return 'ban'
  if (says(ALLOWS)) return 'allow'
  if (isConstraint && path.includes('parameters')) return 'allow'
  if (isKyverno && !path.includes('mutate') && !path.includes('generate')) return 'allow'
  if (apiVersion.startsWith('policy.sigstore.dev/') && path.includes('images')) return 'allow'
  return undefined
}

/** Whether the rest of a name speaks of rules too: `blockedRegistries`, `deny_list`, `admission_whitelist_patterns`. */
function isOfRules(rest: string): boolean {
  const words = rest
    .replace(/([a-z0-9])(?=[A-Z])/g, '$1 ')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
  return words.every((word) => word.length < 3 || OF_RULES.has(word))
}

const OLD =
  /(?<![A-Za-z])(?:old|legacy|deprecated|obsolete|former)(?![a-z])|(?<![A-Z])(?:OLD|LEGACY|DEPRECATED|OBSOLETE|FORMER)(?![A-Z])|(?:Old|Legacy|Deprecated|Obsolete|Former)(?![a-z])/
const CALLED_OLD = 'by its name it is to be the old one: change it by hand if it is not'

/** Whether something is called old: then the old name is what it has to be. */
export function isCalledOld(name: string): boolean {
  return OLD.test(name)
}

/** Says of what stands under a name what that name says: that it is banned, allowed, or the old one on purpose. */
export function underName(found: Found, name: string): Found {
  if (found.guard !== undefined || found.fixed !== undefined) return found
  const kind = guardKindOf({ path: [name] })
  if (kind !== undefined) return { ...found, guard: { kind, others: [] } }
  return isCalledOld(name) ? { ...found, fixed: CALLED_OLD } : found
}

const SEPARATOR = /\s*[|,]\s*/
const ENTRY =
  /^(!?)\s*(?:\^|https?:\/\/)?((?:[A-Za-z0-9-]+\.)+[A-Za-z0-9-]+(?::\d{1,5})?(?:\/[A-Za-z0-9._/-]*?)?)(?:\/?[*.+$]*|(?::[\w.-]+)?(?:@sha\d+:[a-f0-9]+)?)$/

/**
 * Reads an entry of a policy: a host or a reference, as a pattern or not (`k8s.gcr.io/*`, `!k8s.gcr.io/*`, several
 * between bars). What it names is given with its place, and can only be reported.
 */
export function readGuard(
  text: string,
  { start, end }: Part['span'],
): { readonly parts: Found['parts']; readonly negated: boolean }[] {
  const entries: { parts: Found['parts']; negated: boolean }[] = []
  let at = start
  for (const entry of text.slice(start, end).split(SEPARATOR)) {
    const from = text.indexOf(entry, at)
    at = from + entry.length
    const match = ENTRY.exec(entry.trim())
    if (match === null) continue
    const value = match[2]!.replace(/\/$/, '')
    const place = text.indexOf(value, from)
    const registry = { span: { start: place, end: place + value.length }, value }
    entries.push({ parts: { registry }, negated: match[1] === '!' })
  }
  return entries
}
