import { parseReference } from '../../oci/reference.ts'
import type { Found, Part, Span } from '../found.ts'

/** What the surroundings of a value say about it. */
export interface Surroundings {
  /** The value names a registry, or one with the beginning of a path; without this, a bare host is no reference. */
  readonly registry?: boolean
  /** The value is an image for certain, so `nginx:1.25` is one too; without this, a host has to be written. */
  readonly hostless?: boolean
}

/** Where a variable, a template or a quote begins: what is before it is written, what is after it is not known. */
const VARIABLE = /[$<%"'`\\\uE000]|\{\{/
/** What some tools put before an image; a chart in a registry is named by `oci://`. */
const SCHEME = /(?:docker|oci|docker-image|container-image):\/\//y
const DEFAULT = /\$\{(?:[A-Za-z_][A-Za-z0-9_]*|[0-9@*]):?[-=]/y
const REGISTRY =
  /^(?:(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]*[a-z0-9])?|localhost)(?::[0-9]{1,5})?(?:\/[a-z0-9._-]+)*$/i
const REST = /^\/([a-z0-9][a-z0-9._/-]*)(?::([A-Za-z0-9_][A-Za-z0-9._-]*))?(?:@([a-z0-9]+:[a-f0-9]+))?$/
/** Longer than any reference, so that one long line costs no more than it must. */
const LENGTH_MAX = 1024

/**
 * Reads one value of a text, its quotes left out, as an image reference in which variables (`$X`, `${X:-default}`,
 * `$(X)`, `{{ … }}`) may stand. What can be told without their values is given: `k8s.gcr.io/pause:${TAG}` is
 * `k8s.gcr.io/pause`, and `k8s.gcr.io/${NAME}:1` names a registry. Gives `undefined` for what is no reference.
 */
export function readReference(
  text: string,
  span: Span,
  surroundings: Surroundings = {},
): Found['parts'] | undefined {
  if (span.end - span.start > LENGTH_MAX) return undefined
  SCHEME.lastIndex = span.start
  const start = span.start + (SCHEME.exec(text)?.[0].length ?? 0)
  const variable = text.slice(start, span.end).search(VARIABLE)
  if (variable < 0) return readWritten(text, { start, end: span.end }, surroundings)
  return variable === 0
    ? readDefault(text, { start, end: span.end }, surroundings)
    : readBeforeVariable(text, { start, end: start + variable })
}

/** A host such as `k8s.gcr.io`, with or without the beginning of a path: what `registry` of a found one may be. */
export function isRegistry(value: string): boolean {
  return REGISTRY.test(value)
}

/** The value at a span as a part. */
export function partAt(text: string, start: number, end: number): Part {
  return { span: { start, end }, value: text.slice(start, end) }
}

/**
 * Reads a URL of a registry, such as `https://k8s.gcr.io`, as the registry that it names. The scheme may be left out.
 */
export function readRegistryUrl(text: string, { start, end }: Span): Found['parts'] | undefined {
  const [scheme] = /^https?:\/\//.exec(text.slice(start, Math.min(end, start + 8))) ?? ['']
  return readWritten(text, { start: start + scheme.length, end }, { registry: true })
}

function readWritten(
  text: string,
  { start, end }: Span,
  surroundings: Surroundings,
): Found['parts'] | undefined {
  const value = text.slice(start, end)
  if (surroundings.registry) {
    const slash = value.endsWith('/') ? 1 : 0
    const bare = value.slice(0, value.length - slash)
    return isRegistry(bare) && bare.search(/[.:]/) > 0
      ? { registry: partAt(text, start, end - slash) }
      : undefined
  }
  const host = hostOf(value)
  if (host === undefined) return undefined
  return host || surroundings.hostless ? { whole: { span: { start, end }, value } } : undefined
}

/** Whether a reference names a host; `undefined` when the text is none. */
function hostOf(value: string): boolean | undefined {
  try {
    return parseReference(value).host !== undefined
  } catch {
    return undefined
  }
}

function readDefault(
  text: string,
  { start, end }: Span,
  surroundings: Surroundings,
): Found['parts'] | undefined {
  DEFAULT.lastIndex = start
  if (!DEFAULT.test(text)) return undefined
  const from = DEFAULT.lastIndex
  const close = closingBrace(text, from, end)
  if (close === undefined) return undefined
  const rest = text.slice(close + 1, end)
  if (!rest.startsWith('/')) return readReference(text, { start: from, end: close }, surroundings)
  const registry = readReference(text, { start: from, end: close }, { registry: true })
  const match = REST.exec(rest)
  if (registry?.registry === undefined || match === null) return registry
  const [, name, tag, digest] = match as unknown as [string, string, string?, string?]
  const repositoryAt = close + 2
  const tagAt = repositoryAt + name.length + 1
  const digestAt = tag === undefined ? tagAt : tagAt + tag.length + 1
  return {
    ...registry,
    repository: partAt(text, repositoryAt, repositoryAt + name.length),
    ...(tag !== undefined && { tag: partAt(text, tagAt, tagAt + tag.length) }),
    ...(digest !== undefined && { digest: partAt(text, digestAt, digestAt + digest.length) }),
  }
}

function closingBrace(text: string, from: number, end: number): number | undefined {
  let depth = 1
  for (let at = from; at < end; at++) {
    if (text[at] === '{') depth++
    else if (text[at] === '}' && --depth === 0) return at
  }
  return undefined
}

function readBeforeVariable(text: string, { start, end }: Span): Found['parts'] | undefined {
  const value = text.slice(start, end)
  const slash = value.lastIndexOf('/')
  if (slash < 0) return undefined
  const complete = value.slice(slash).search(/[:@]/)
  if (complete >= 0) {
    const name = readWritten(text, { start, end: start + slash + complete }, {})
    if (name !== undefined) return name
  }
  return readWritten(text, { start, end: start + slash }, { registry: true })
}
