import { parseReference, type Reference } from '../oci/reference.ts'
import { KUBEADM_DEFAULTS } from './finders/kubeadm.ts'
import type { Edit, Finding } from './finding.ts'
import type { Found, Part, SourceText } from './found.ts'
import { LineIndex } from './line-index.ts'
import type { Judgement, RegistryMap } from './map.ts'
import { joinPath, restAfter } from './prefix-match.ts'

const BY_HAND = 'it is written with escapes or over several lines: change it by hand'

/**
 * What a map says of what was found in a text, in the order of the text. What the map has nothing to say about gives no
 * finding, and neither does what is no reference by the grammar.
 */
export function findingsOf(source: SourceText, found: readonly Found[], map: RegistryMap): Finding[] {
  let lines: LineIndex | undefined
  const findings: Finding[] = []
  for (const one of found) {
    const name = nameOf(one)
    const judgement = name && map.judge(name)
    if (name === undefined || judgement === undefined) continue
    lines ??= new LineIndex(source.text)
    const possible = changeOf(one, name, judgement, map)
    const change = one.fixed === undefined ? possible : { ...possible, edits: [], note: one.fixed }
    const note = [judgement.note, change.note, dnsNote(one, found, name, map)].filter(
      (text) => text !== undefined,
    )
    findings.push({
      ...one,
      path: source.path,
      ...lines.position(firstOffset(one)),
      written: writtenOf(one.parts),
      understood: name.text,
      verdict: judgement.verdict,
      ...(change.replacement !== undefined && { replacement: change.replacement }),
      edits: change.edits,
      ...(note.length > 0 && { note: note.join('; ') }),
    })
  }
  return withoutConflicts(findings)
}

/** The parts of a reference as they are written, put together. */
export function writtenOf({ whole, registry, repository, tag, digest }: Found['parts']): string {
  if (whole !== undefined) return whole.value
  const path = joinPath(registry?.value.replace(/\/$/, '') ?? '', repository?.value ?? '')
  return path + (tag === undefined ? '' : `:${tag.value}`) + (digest === undefined ? '' : `@${digest.value}`)
}

interface Name {
  readonly path: string
  readonly tag?: string
  readonly digest?: string
  readonly implied?: boolean
  /** The whole of it, as understood. */
  readonly text: string
}

function nameOf({ parts, implies }: Found): Name | undefined {
  const { registry, repository } = parts
  const bare = parts.whole === undefined && repository === undefined
  // A registry alone is asked for with something under it, since alone it might be a repository.
  const written = writtenOf(parts)
  const reference = referenceOf(bare ? `${written}/${implies ?? 'x'}` : written)
  if (reference?.host === undefined || (bare && registry === undefined)) return undefined
  const { host, name, tag, digest } = reference
  const path = `${host}/${name}`
  if (!bare) {
    const text = path + (tag === undefined ? '' : `:${tag}`) + (digest === undefined ? '' : `@${digest}`)
    return { path, ...(tag !== undefined && { tag }), ...(digest !== undefined && { digest }), text }
  }
  const text = written.toLowerCase()
  return implies === undefined ? { path: text, text } : { path, implied: true, text }
}

function referenceOf(text: string): Reference | undefined {
  try {
    return parseReference(text)
  } catch {
    return undefined
  }
}

interface Change {
  readonly replacement?: string
  readonly edits: readonly Edit[]
  readonly note?: string
}

function changeOf(found: Found, name: Name, { to }: Judgement, map: RegistryMap): Change {
  if (to === undefined) return { edits: [] }
  const { whole, registry, repository, tag, digest } = found.parts
  const suffix =
    (to.tag === undefined ? '' : `:${to.tag}`) + (name.digest === undefined ? '' : `@${name.digest}`)
  if (whole !== undefined) {
    const replacement = to.path + suffix
    return edited(replacement, [[whole, replacement]])
  }
  if (repository === undefined) {
    // Behind what is not its default a tool puts the last component alone.
    const last = found.implies?.split('/').at(-1)
    const path = last === undefined ? to.path : withoutLast(to.path, last)
    if (path === undefined)
      return { edits: [], note: `${name.path} is ${to.path} now, which this value cannot say` }
    return edited(path, [[registry!, withSlashOf(registry!, path)]])
  }
  const changes: [Part, string][] = []
  if (registry === undefined) changes.push([repository, to.path])
  else changes.push(...splitChanges(registry, repository, to.path, map))
  if (tag !== undefined && to.tag !== undefined) changes.push([tag, to.tag])
  return edited(
    to.path + (tag === undefined ? '' : `:${to.tag}`) + (digest === undefined ? '' : `@${digest.value}`),
    changes,
  )
}

/**
 * The registry as it moves by itself, since other images may share it; else without a change of the repository, if that
 * can be; else the host alone.
 */
function splitChanges(registry: Part, repository: Part, path: string, map: RegistryMap): [Part, string][] {
  const alone = map.judge({ path: registry.value.replace(/\/$/, '').toLowerCase() })?.to?.path
  const prefix = [alone, withoutLast(path, repository.value), path.slice(0, path.indexOf('/'))].find(
    (candidate) => candidate !== undefined && restAfter(path, candidate) !== undefined,
  )!
  return [
    [registry, withSlashOf(registry, prefix)],
    [repository, restAfter(path, prefix)!],
  ]
}

function edited(replacement: string, changes: readonly (readonly [Part, string])[]): Change {
  const real = changes.filter(([part, text]) => part.value !== text)
  if (real.some(([part]) => part.escaped)) return { replacement, edits: [], note: BY_HAND }
  return { replacement, edits: real.map(([{ span }, text]) => ({ ...span, text })) }
}

function withoutLast(path: string, last: string): string | undefined {
  return path.endsWith(`/${last}`) ? path.slice(0, -last.length - 1) : undefined
}

function withSlashOf({ value }: Part, path: string): string {
  return value.endsWith('/') ? `${path}/` : path
}

function firstOffset({ parts }: Found): number {
  return Math.min(...Object.values(parts).map(({ span }) => span.start))
}

/** What a move of `imageRepository` away from kubeadm's default asks for besides. */
function dnsNote(found: Found, all: readonly Found[], { path }: Name, map: RegistryMap): string | undefined {
  if (found.format !== 'kubeadm' || !found.owner.endsWith(' imageRepository')) return undefined
  if (!KUBEADM_DEFAULTS.includes(path) || all.some(({ implies }) => implies !== undefined)) return undefined
  const prefix = map.judge({ path })?.to?.path
  const dns = withoutLast(map.judge({ path: `${path}/coredns/coredns` })?.to?.path ?? '', 'coredns')
  if (prefix === undefined || dns === undefined || dns === prefix) return undefined
  return `kubeadm also needs dns.imageRepository: ${dns}, unless ${prefix} is its own default`
}

/** Two changes of one value that differ are none. */
function withoutConflicts(findings: readonly Finding[]): Finding[] {
  const texts = new Map<string, string>()
  const conflicts = new Set<string>()
  const keyOf = ({ start, end }: Edit) => `${start}-${end}`
  for (const edit of findings.flatMap(({ edits }) => edits)) {
    const key = keyOf(edit)
    if ((texts.get(key) ?? edit.text) !== edit.text) conflicts.add(key)
    texts.set(key, edit.text)
  }
  if (conflicts.size === 0) return [...findings]
  return findings.map((finding) => {
    if (!finding.edits.some((edit) => conflicts.has(keyOf(edit)))) return finding
    const note =
      'another reference shares a value with it that would have to change otherwise: change it by hand'
    return { ...finding, edits: [], note: finding.note === undefined ? note : `${finding.note}; ${note}` }
  })
}
