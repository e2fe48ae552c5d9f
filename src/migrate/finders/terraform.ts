import { type Finder, type FinderTools, type Found, NO_TOOLS, type Part } from '../found.ts'
import { literalText, relocate } from '../inner-text.ts'
import { guardKindOf, readGuard } from './guard.ts'
import { type HclString, readHcl } from './hcl.ts'
import { byPlace, without } from './overlap.ts'
import { isScriptKey } from './scripts.ts'
import { findInValue } from './value.ts'
import { findInWord } from './word.ts'
import { isRegistry, partAt, readReference } from './written-reference.ts'

/** Keys whose values stand beside one another in a block and make one reference. */
const ROLES = {
  registry: /^(?:image_?)?registry$/i,
  repository: /^(?:image_?)?repository$/i,
  tag: /^(?:image_?)?tag$/i,
}
type Role = keyof typeof ROLES
/** A local or a variable that a reference begins with. */
const HEAD = /^\$\{(?:local|var)\.(\w+)\}\/([a-z0-9][\w./-]*)(?::(\w[\w.-]*))?$/

/**
 * Finds references in Terraform and other HCL: strings, those in expressions and calls too, heredocs, and `registry`,
 * `repository` and `tag` that stand beside one another in a block. A string that begins with a local or a variable whose
 * value stands in the same text is read with that.
 */
export const findInTerraform: Finder = ({ text }, tools = NO_TOOLS) => {
  const strings = readHcl(text)
  const names = namesOf(text, strings)
  const found = findInBlocks(text, strings)
  for (const string of strings) {
    const own = findInString(text, string, strings, tools)
    found.push(...without(found, own))
    if (own.length === 0) found.push(...findBehindName(text, string, names))
  }
  return found.sort(byPlace)
}

function findInString(
  text: string,
  { span, path, call, isHeredoc, block }: HclString,
  strings: readonly HclString[],
  tools: FinderTools,
): Found[] {
  const key = nameOf({ path, block }, text, strings)
  const owner = path.join('.')
  const place = { format: 'terraform', owner, key } as const
  const guard = guardKindOf({ path })
  if (guard !== undefined && isHeredoc !== true) {
    const others = strings
      .filter((one) => one.block === block)
      .map((one) => text.slice(one.span.start, one.span.end))
    return readGuard(text, span).map(({ parts }) => ({
      ...{ format: 'terraform', parts, owner, confidence: 'certain' },
      guard: { kind: guard, others },
    }))
  }
  const inner = literalText(text, span)
  if (isHeredoc) {
    const isScript = isScriptKey(key) || inner.value.startsWith('#!')
    return tools
      .findWithin({ text: inner.value, isScript })
      .map((one) => ({ ...one, owner: `${owner}: ${one.owner}`, parts: relocate(one.parts, inner) }))
  }
  // What is put before a slash is a registry: `format("%s/pause:%s", "k8s.gcr.io", …)`, `join("/", ["k8s.gcr.io", …])`.
  const isHead =
    (call?.name === 'format' && /^%s\//.test(call.first ?? '')) ||
    (call?.name === 'join' && call.first === '/')
  const found = isHead ? findInWord(text, span, 'registry', place) : located(inner, place, tools)
  return found.length > 0 ? found : findInside(text, span.start, inner.value, place)
}

function located(
  inner: ReturnType<typeof literalText>,
  place: Parameters<typeof findInValue>[1],
  tools: FinderTools,
): Found[] {
  return findInValue(inner.value, place, tools).map((one) => ({ ...one, parts: relocate(one.parts, inner) }))
}

/** Strings of an expression in `${ }`. */
function findInside(
  text: string,
  start: number,
  value: string,
  place: Parameters<typeof findInWord>[3],
): Found[] {
  if (!value.includes('${')) return []
  return [...value.matchAll(/"([^"\\\s]+)"/g)].flatMap(({ index, 1: word }) => {
    const from = start + index + 1
    return findInWord(text, { start: from, end: from + word!.length }, '', place)
  })
}

/** `default` and `value` are said of what their block is called. */
function nameOf(
  { path, block }: Pick<HclString, 'path' | 'block'>,
  text: string,
  strings: readonly HclString[],
): string {
  const key = path.at(-1) ?? ''
  if (key === 'default') return path.at(-2) ?? ''
  if (key !== 'value') return key
  const name = strings.find((one) => one.block === block && one.path.at(-1) === 'name')
  return name === undefined ? (path.at(-2) ?? '') : text.slice(name.span.start, name.span.end)
}

function findInBlocks(text: string, strings: readonly HclString[]): Found[] {
  const blocks = new Map<number, { owner: string; parts: Partial<Record<Role, Part>> }>()
  for (const { span, path, block, isDirect } of strings) {
    const role = (Object.keys(ROLES) as Role[]).find((one) => ROLES[one].test(path.at(-1) ?? ''))
    if (role === undefined || !isDirect) continue
    const owner = path.slice(0, -1).join('.') || 'object'
    const entry = blocks.get(block) ?? { owner, parts: {} }
    entry.parts[role] = partAt(text, span.start, span.end)
    blocks.set(block, entry)
  }
  return [...blocks.values()].flatMap(({ owner, parts: { registry, repository, tag } }): Found[] => {
    const head = registry ?? repository
    const isHost = head !== undefined && isRegistry(head.value.replace(/\/$/, '')) && head.value.includes('.')
    if (!isHost || (repository !== undefined && /[${]/.test(repository.value))) return []
    const rest = { ...(repository && { repository }), ...(tag && /^\w[\w.-]*$/.test(tag.value) && { tag }) }
    const parts = registry === undefined ? rest : { registry, ...rest }
    return [{ format: 'terraform', parts, owner, confidence: 'certain' }]
  })
}

/** Locals and defaults of variables that are hosts. */
function namesOf(text: string, strings: readonly HclString[]): Map<string, Part> {
  const names = new Map<string, Part>()
  for (const { span, path } of strings) {
    const part = partAt(text, span.start, span.end)
    if (!isRegistry(part.value) || !part.value.includes('.')) continue
    const name = path.at(-1) === 'default' ? path.at(-2) : path.at(-2) === 'locals' ? path.at(-1) : undefined
    if (name !== undefined) names.set(name, part)
  }
  return names
}

function findBehindName(text: string, { span, path }: HclString, names: ReadonlyMap<string, Part>): Found[] {
  const match = HEAD.exec(text.slice(span.start, span.end))
  const registry = match && names.get(match[1]!)
  if (!match || !registry) return []
  const [whole, , name, tag] = match as unknown as [string, string, string, string?]
  const end = span.start + whole.length
  const nameEnd = tag === undefined ? end : end - tag.length - 1
  const parts = {
    registry,
    repository: partAt(text, nameEnd - name.length, nameEnd),
    ...(tag !== undefined && { tag: partAt(text, end - tag.length, end) }),
  }
  return readReference(`${registry.value}/${name}`, {
    start: 0,
    end: registry.value.length + 1 + name.length,
  })
    ? [{ format: 'terraform', parts, owner: path.join('.'), confidence: 'certain', isUse: true }]
    : []
}
