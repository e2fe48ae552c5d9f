import { lookUp, visitScopes } from './scopes.ts'
import { isSyntax, nameOf, parse, type Syntax } from './syntax.ts'

/**
 * The globals that a TypeScript file uses, as far as it does not declare them itself: `fetch`, and with what is taken
 * of each `Date.now`, `new Date()`. Types are no use.
 */
export function globalsOf(path: string, text: string): Set<string> {
  const globals = new Set<string>()
  visitScopes(parse(path, text), [], (syntax, scopes) => {
    for (const name of spellingsOf(syntax)) {
      const [root] = /^\w+$|^\w+(?=\.)|(?<=^new )\w+/.exec(name) ?? []
      if (root !== undefined && lookUp(root, scopes) === undefined) globals.add(name)
    }
  })
  return globals
}

/** How a use of a global is written, were it one. */
function spellingsOf(syntax: Syntax): string[] {
  const name = nameOf(syntax)
  if (name !== undefined) return [name]
  if (syntax.type === 'NewExpression') {
    const none = Array.isArray(syntax.arguments) && syntax.arguments.length === 0
    const made = nameOf(syntax.callee)
    return none && made !== undefined ? [`new ${made}()`] : []
  }
  const path = pathOf(syntax)
  return path === undefined ? [] : [path.startsWith('globalThis.') ? path.slice('globalThis.'.length) : path]
}

/** `a.b` when this is that, of names alone. */
function pathOf(syntax: Syntax): string | undefined {
  if (syntax.type !== 'MemberExpression' || syntax.computed === true || !isSyntax(syntax.object))
    return undefined
  const [object, property] = [nameOf(syntax.object) ?? pathOf(syntax.object), nameOf(syntax.property)]
  return object === undefined || property === undefined ? undefined : `${object}.${property}`
}
