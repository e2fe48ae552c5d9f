import { escapeRegExp } from '../internal/escape-reg-exp.ts'

/** Picks values by the longest prefix, in whole components, of a path such as `k8s.gcr.io/coredns/coredns`. */
export class PrefixMatcher<Value> {
  readonly #literal = new Map<string, Value>()
  readonly #patterns: { readonly pattern: RegExp; readonly depth: number; readonly value: Value }[] = []

  /** The first of two values with one prefix is kept. In a prefix `*` stands for any characters of one component. */
  constructor(entries: readonly (readonly [prefix: string, value: Value])[]) {
    for (const [prefix, value] of entries) {
      if (!prefix.includes('*')) {
        if (!this.#literal.has(prefix)) this.#literal.set(prefix, value)
      } else {
        this.#patterns.push({ pattern: patternOf(prefix), depth: prefix.split('/').length, value })
      }
    }
  }

  /** The value of the longest prefix, and what the path has after it, without the slash between; '' for nothing. */
  match(path: string): { readonly value: Value; readonly rest: string } | undefined {
    const parts = path.split('/')
    for (let depth = parts.length; depth > 0; depth--) {
      const prefix = parts.slice(0, depth).join('/')
      const found =
        this.#literal.get(prefix) ??
        this.#patterns.find((entry) => entry.depth === depth && entry.pattern.test(prefix))?.value
      if (found !== undefined) return { value: found, rest: parts.slice(depth).join('/') }
    }
    return undefined
  }
}

/** The pattern of a text in which `*` stands for any characters but a slash. */
export function patternOf(text: string): RegExp {
  return new RegExp(`^${text.split('*').map(escapeRegExp).join('[^/]*')}$`)
}

/** What a path has after a prefix in whole components; '' when it has nothing, `undefined` when it is elsewhere. */
export function restAfter(path: string, prefix: string): string | undefined {
  if (path === prefix) return ''
  return path.startsWith(`${prefix}/`) ? path.slice(prefix.length + 1) : undefined
}

/** Joins two parts of a path, of which either may be empty. */
export function joinPath(first: string, rest: string): string {
  return first === '' || rest === '' ? first + rest : `${first}/${rest}`
}
