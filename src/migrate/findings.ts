import { type Change, changeOf, dnsNote, edited } from './change.ts'
import { startOf } from './finders/overlap.ts'
import type { Finding, Verdict } from './finding.ts'
import type { Bases, Found, SourceText } from './found.ts'
import { LineIndex } from './line-index.ts'
import type { Judgement, RegistryMap } from './map.ts'
import { type Name, nameOf, writtenOf } from './name.ts'
import { restAfter } from './prefix-match.ts'
import { withoutConflicts } from './shared-values.ts'

/** What a name in a kustomization has to become, or why nobody knows. */
export type Followed = { readonly name: string } | { readonly note: string }

export interface FindingsOptions {
  /** Says what a name becomes that has to be what other files say; without it such a name is left. */
  readonly follow?: (path: string, found: Found) => Followed
}

const ALONE: Followed = {
  note: 'it has to be what its bases say, which are not among the paths: change it together with them',
}

/**
 * What a map says of what was found in a text, in the order of the text. What the map has nothing to say about gives no
 * finding, and neither does what is no reference by the grammar, or a redirect to where it moves.
 */
export function findingsOf(
  source: SourceText,
  found: readonly Found[],
  map: RegistryMap,
  { follow = () => ALONE }: FindingsOptions = {},
): Finding[] {
  let lines: LineIndex | undefined
  const findings = found.flatMap((one): { one: Found; finding: Finding }[] => {
    if (one.isUse) return []
    const name = nameOf(one)
    const judgement = name && map.judge(name)
    if (name === undefined || judgement === undefined || isRedirect(one, judgement)) return []
    lines ??= new LineIndex(source.text)
    const { verdict, change } = outcomeOf(one, name, judgement, map, () => follow(source.path, one))
    const note = [one.guard ? undefined : judgement.note, change.note, dnsNote(one, name, map)].filter(
      (text) => text !== undefined,
    )
    const finding: Finding = {
      ...one,
      path: source.path,
      ...lines.position(startOf(one)),
      written: writtenOf(one.parts),
      understood: name.text,
      verdict,
      ...(change.replacement !== undefined && { replacement: change.replacement }),
      edits: change.edits,
      ...(note.length > 0 && { note: note.join('; ') }),
    }
    return [{ one, finding }]
  })
  return withoutConflicts(findings, found, map)
}

function outcomeOf(
  found: Found,
  name: Name,
  judgement: Judgement,
  map: RegistryMap,
  follow: () => Followed,
): { verdict: Verdict; change: Change } {
  const { verdict } = judgement
  if (found.guard !== undefined && judgement.to !== undefined)
    return guardOutcome(found.guard, name, judgement.to.path)
  if (found.follows !== undefined && judgement.to !== undefined)
    return { verdict, change: followChange(found, name, judgement, followed(found.follows, follow)) }
  const possible = changeOf(found, name, judgement, map)
  return {
    verdict,
    change: found.fixed === undefined ? possible : { ...possible, edits: [], note: found.fixed },
  }
}

function followed({ unknown }: Bases, follow: () => Followed): Followed {
  return unknown === undefined ? follow() : { note: unknown }
}

/** To change a policy would turn it round: what it says has to be known, and it is left. */
function guardOutcome(
  { kind, others }: NonNullable<Found['guard']>,
  { text }: Name,
  to: string,
): { verdict: Verdict; change: Change } {
  if (kind === 'ban')
    return { verdict: 'related', change: { edits: [], note: `this bans the old name ${text}` } }
  const host = to.split('/')[0]!
  if (others.some((other) => other.toLowerCase().includes(host)))
    return { verdict: 'related', change: { edits: [], note: `this allows ${text}, and ${host} besides` } }
  const note = `this allows ${text} and will refuse ${to}: add that beside it`
  return { verdict: 'moved', change: { edits: [], note } }
}

/** A name that has to be what others say becomes what those become, and its tag goes with it. */
function followChange(
  { parts }: Found,
  { digest }: Name,
  { to, kept }: Judgement,
  followed: Followed,
): Change {
  const { repository, tag } = parts
  if ('note' in followed || repository === undefined)
    return { edits: [], note: 'note' in followed ? followed.note : 'it is no name' }
  const { name } = followed
  const own = to!.path === name ? to!.tag : kept === name || tag === undefined ? tag?.value : undefined
  if (tag !== undefined && own === undefined) {
    const note = `its bases say ${name}, which has no ${tag.value}: change it by hand, with newName`
    return { edits: [], note }
  }
  const replacement = name + (own === undefined ? '' : `:${own}`) + (digest === undefined ? '' : `@${digest}`)
  return edited(replacement, [[repository, name], ...(tag && own !== undefined ? [[tag, own] as const] : [])])
}

/** To give both ends of a redirect one name is to take it away. */
function isRedirect({ beside = [] }: Found, { to }: Judgement): boolean {
  if (to === undefined) return false
  return beside.map(registryOf).some((other) => {
    return (
      other !== '' && (restAfter(other, to.path) !== undefined || restAfter(to.path, other) !== undefined)
    )
  })
}

/** `https://mirror.example/v2/k8s` is `mirror.example/k8s`: `/v2` is the API's, and no part of a name. */
function registryOf(url: string): string {
  return (
    url
      .toLowerCase()
      .replace(/^[a-z]+:\/\//, '')
      .replace(/\/+$/, '')
      .replace(/^([^/]+)\/v2(?=\/|$)/, '$1')
      // A tag or a digest behind the name.
      .replace(/(\/[^/:@]+)[:@].*$/s, '$1')
  )
}
