import type { ConfigPath, Remark } from './fault.ts'

/** The variables that `${NAME}` reads. */
export type Environment = Readonly<Record<string, string | undefined>>

/** `$${` stands for a literal `${`; what is left is `${…}`, or a `${` that nothing closes. */
const REFERENCE = /\$\$\{|\$\{([^}]*)\}|\$\{/g
const EXPRESSION = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s

/**
 * Replaces `${NAME}` and `${NAME:-default}` in every string of a parsed config. The default also stands in for an
 * empty variable, as in a shell. Text goes in after parsing, so that no variable can add structure.
 */
export function substituteEnvironment(
  value: unknown,
  environment: Environment,
): { value: unknown; remarks: Remark[] } {
  const remarks: Remark[] = []
  return { value: walk(value, []), remarks }

  function walk(node: unknown, path: ConfigPath): unknown {
    if (typeof node === 'string') return node.includes('${') ? replace(node, path) : node
    if (Array.isArray(node)) return node.map((item, index) => walk(item, [...path, index]))
    if (typeof node !== 'object' || node === null) return node
    return Object.fromEntries(Object.entries(node).map(([key, item]) => [key, walk(item, [...path, key])]))
  }

  function replace(text: string, path: ConfigPath): string {
    return text.replace(REFERENCE, (reference, inner: string | undefined) => {
      if (reference === '$${') return '${'
      const match = inner === undefined ? null : EXPRESSION.exec(inner)
      if (match === null) {
        const message = `${JSON.stringify(reference)} must be \${NAME} or \${NAME:-default}; a literal \${ is written $\${`
        remarks.push({ path, message })
        return reference
      }
      const [, name, fallback] = match as unknown as [string, string, string | undefined]
      const found = Object.hasOwn(environment, name) ? environment[name] : undefined
      if (fallback !== undefined) return found === undefined || found === '' ? fallback : found
      if (found === undefined) {
        remarks.push({
          path,
          message: `${name} is not set in the environment; set it, or write \${${name}:-default}`,
        })
      }
      return found ?? reference
    })
  }
}

/** Writes a string so that {@link substituteEnvironment} gives it back unchanged. */
export function escapeReferences(text: string): string {
  return text.replaceAll('${', () => '$${')
}
