import type { Finder, FinderTools, Format, Found, Span } from '../found.ts'
import { type InnerText, relocate } from '../inner-text.ts'
import { isTemplate, maskTemplate } from '../template-mask.ts'
import { innerTextOf, readYaml, type YamlDocument, type YamlRead } from '../yaml/yaml-document.ts'
import { COMPARED } from './comparison.ts'
import { guardKindOf, isCalledOld, readGuard, underName } from './guard.ts'
import { byPlace, startOf, without } from './overlap.ts'
import { findInActions } from './template-actions.ts'
import { findInLines } from './template-lines.ts'
import { findInValue } from './value.ts'
import { readReference, readRegistryUrl } from './written-reference.ts'
import type { YamlRules } from './yaml-rules.ts'
import { stringsOf, type YamlString } from './yaml-strings.ts'

/**
 * Makes a finder of a YAML format. Whatever its rules know, every string that is a reference as a whole is one. A
 * template is read with its actions blotted out; what is no YAML even so is read line by line, and told.
 */
export function createYamlFinder(rules: YamlRules): Finder {
  return ({ text }, tools) => {
    const found: Found[] = []
    const masked = maskTemplate(text)
    for (const read of readEither(masked, text, tools?.isRelevant)) {
      if (read.kind === 'document') found.push(...findInDocument(read.text, read, rules, tools))
      else {
        found.push(...findInLines(masked, read.span, rules.format))
        const { start, end } = read.span
        const isOf = isTemplate(text.slice(start, end))
        tools?.unread({ start, reason: read.reason, ...(isOf && { template: true }) })
      }
    }
    found.push(...without(found, findInActions(text, rules.format)))
    return found.sort(byPlace)
  }
}

/** What is no YAML with its actions blotted out may be as it is: actions stand in strings of YAML too. */
function* readEither(
  masked: string,
  text: string,
  isRelevant: FinderTools['isRelevant'],
): Iterable<YamlRead & { readonly text: string }> {
  for (const read of readYaml(masked, { isRelevant })) {
    const isSame = read.kind === 'document' || masked === text
    if (isSame) yield { ...read, text: masked }
    else for (const again of readYaml(text, { places: [read.span] })) yield { ...again, text }
  }
}

function findInDocument(
  text: string,
  { document, path }: { readonly document: YamlDocument; readonly path: readonly string[] },
  rules: YamlRules,
  tools: FinderTools = { findWithin: () => [], unread() {} },
): Found[] {
  const strings = [...stringsOf(document, path, rules, tools.isRelevant)]
  const found = strings.flatMap((string) => findGuard(text, string, rules.format))
  found.push(...without(found, rules.collect?.(text, document, path) ?? []))
  found.push(
    ...without(
      found,
      strings.flatMap((string) => findInString(text, string, rules, tools)),
    ),
  )
  return withSurroundings(text, found, strings)
}

/** Says of what was found in a string that it is compared, or one of two names of the same content. */
function withSurroundings(text: string, found: Found[], strings: readonly YamlString[]): Found[] {
  if (found.length === 0) return found
  const known = new Map<string, boolean>()
  const isOld = (key: string) => {
    if (!known.has(key)) known.set(key, isCalledOld(key))
    return known.get(key)!
  }
  const marked = strings
    .filter(
      ({ isCompared, counterparts, path }) => isCompared || counterparts !== undefined || isOld(keyOf(path)),
    )
    .map((string) => ({ string, span: innerTextOf(text, string.scalar).span }))
    .sort((one, other) => one.span.start - other.span.start)
  let next = 0
  return found.sort(byPlace).map((one) => {
    const start = startOf(one)
    while (next < marked.length && marked[next]!.span.end <= start) next++
    const around = marked[next]
    if (around === undefined || around.span.start > start || one.guard !== undefined) return one
    const { isCompared, counterparts, path } = around.string
    return {
      ...underName(one, keyOf(path)),
      ...(isCompared && { fixed: one.fixed ?? COMPARED }),
      ...(counterparts && { beside: [...(one.beside ?? []), ...counterparts] }),
    }
  })
}

function keyOf(path: readonly string[]): string {
  return path.findLast((part) => part !== '[]') ?? ''
}

function findGuard(text: string, string: YamlString, format: Format): Found[] {
  const kind = string.isKey ? undefined : guardKindOf(string)
  if (kind === undefined) return []
  const inner = innerTextOf(text, string.scalar)
  const entries = readGuard(inner.value, { start: 0, end: inner.value.length })
  const others = [...string.beside(), ...entries.map(({ parts }) => parts.registry?.value ?? '')]
  return entries.map(({ parts, negated }) => ({
    format,
    parts: relocate(parts, inner),
    owner: string.owner,
    confidence: 'certain',
    guard: { kind: negated ? 'ban' : kind, others },
  }))
}

function findInString(text: string, string: YamlString, rules: YamlRules, tools: FinderTools): Found[] {
  const inner = innerTextOf(text, string.scalar)
  const beside = string.redirect
  const found = readString(inner, string, rules, tools)
  if (found.length === 0) return found
  // What is no entry by itself may be a text with entries in it, such as a file of a ConfigMap.
  const kind = string.isKey ? undefined : guardKindOf(string)
  return found.map((one) => ({
    ...one,
    parts: relocate(one.parts, inner),
    ...(beside !== undefined && { beside }),
    ...(kind !== undefined && one.guard === undefined && { guard: { kind, others: [] } }),
  }))
}

function readString(inner: InnerText, string: YamlString, rules: YamlRules, tools: FinderTools): Found[] {
  const { owner, path } = string
  const { format } = rules
  const { value } = inner
  const span: Span = { start: 0, end: value.length }
  const one = (parts: Found['parts'] | undefined): Found[] =>
    parts === undefined ? [] : [{ format, parts, owner, confidence: 'certain' }]
  const role = string.isKey ? 'registry' : string.redirect ? 'url' : rules.role?.(path)
  if (role === 'none') return []
  const known =
    role === 'image'
      ? one(readReference(value, { start: 0, end: value.trimEnd().length }, { hostless: true }))
      : role === 'registry'
        ? one(readReference(value, span, { registry: true }))
        : role === 'url'
          ? one(readRegistryUrl(value, span))
          : []
  if (known.length > 0 || string.isKey) return known
  const last = keyOf(path)
  // `value` and `default` are said of what they stand beside: `{name: REGISTRY, value: k8s.gcr.io}`.
  const key = /^(?:value|default|defaultValue)$/.test(last) ? (string.called ?? path.at(-2) ?? last) : last
  const isWord = path.at(-1) === '[]' && /^(?:command|args|argv|entrypoint)$/i.test(last)
  const place = { format, owner, key, isWord, ...(string.file !== undefined && { file: string.file }) }
  return findInValue(value, place, tools)
}
