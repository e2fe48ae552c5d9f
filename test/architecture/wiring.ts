import { type Binding, lookUp, namesIn, type Scope, visitScopes } from './scopes.ts'
import { isSyntax, nameOf, parse, partsOf, type Syntax } from './syntax.ts'

/**
 * Checks a file that wires parts: each part may only be given what stands above it, so that none can call one that was
 * made later. Gives one line an offence, with its line number. What may not be done in such a file:
 *
 * - name a `const` of a function above its declaration, in a callback too, or in the part's own making;
 * - name a nested function above what that one names;
 * - share a variable with a callback, as it could be filled in later;
 * - hand a later part to an earlier one by a method of it, or by setting a property.
 */
export function findBackwardWiring(path: string, text: string): string[] {
  const offences = new Set<string>()
  const lineOf = ({ start }: Syntax) => text.slice(0, start).split('\n').length
  visitScopes(parse(path, text), [], (syntax, scopes) => {
    for (const [offence, later] of offencesOf(syntax, scopes)) {
      const made = later === undefined ? '' : `, which is made at line ${lineOf(later.syntax)}`
      offences.add(`${path}:${lineOf(syntax)}: ${offence}${made}`)
    }
  })
  return [...offences]
}

type Offence = readonly [offence: string, later?: Binding | undefined]

function offencesOf(syntax: Syntax, scopes: readonly Scope[]): Offence[] {
  switch (syntax.type) {
    case 'AssignmentExpression':
      return isSyntax(syntax.left) && syntax.left.type === 'MemberExpression'
        ? [['sets a property, which could tie an earlier part to a later one']]
        : []
    case 'ExpressionStatement':
      return handedBack(syntax, scopes)
    case 'Identifier':
      return namedEarly(syntax, scopes)
    default:
      return []
  }
}

function namedEarly(syntax: Syntax, scopes: readonly Scope[]): Offence[] {
  const name = nameOf(syntax)!
  const found = lookUp(name, scopes)
  if (found === undefined) return []
  const { binding, scope } = found
  const shared = binding.kind === 'let' && scope !== scopes.at(-1)
  if (shared) return [[`shares the variable ${name} with a callback`]]
  // All of the module's own constants are there before any of its functions is called.
  if (scope === scopes[0] && scopes.length > 1) return []
  if (binding.kind === 'const') return syntax.start < binding.made ? [[`names ${name}`, binding]] : []
  if (binding.kind !== 'function') return []
  return reachedBy(binding.syntax, scopes, scope)
    .filter(({ made }) => syntax.start < made)
    .map((later) => [`names ${name}, which names ${nameOf(later.syntax.id)}`, later])
}

/** `earlier.method(later)` for its effect alone. What it gives, if it gives something, would be another part. */
function handedBack(statement: Syntax, scopes: readonly Scope[]): Offence[] {
  const scope = scopes.at(-1)!
  const call = calledIn(statement)
  const receiver = call && isSyntax(call.callee) ? scope.get(rootOf(call.callee) ?? '') : undefined
  if (call === undefined || receiver?.kind !== 'const') return []
  return namesIn({ ...call, callee: undefined })
    .map((name) => ({ name, part: scope.get(name) }))
    .filter(({ part }) => part?.kind === 'const' && part.made > receiver.made)
    .map(({ name, part }) => [`hands ${name} to an earlier part`, part])
}

/** The call of a method that a statement is, awaited or not. */
function calledIn(syntax: Syntax): Syntax | undefined {
  if (syntax.type === 'CallExpression') {
    return isSyntax(syntax.callee) && syntax.callee.type === 'MemberExpression' ? syntax : undefined
  }
  const wraps = ['ExpressionStatement', 'AwaitExpression', 'ChainExpression', 'UnaryExpression']
  const [inner] = partsOf(syntax)
  return wraps.includes(syntax.type) && inner !== undefined ? calledIn(inner) : undefined
}

/** `a` of `a.b.c`. */
function rootOf(syntax: Syntax): string | undefined {
  return syntax.type === 'MemberExpression' && isSyntax(syntax.object)
    ? rootOf(syntax.object)
    : nameOf(syntax)
}

/** The constants of a scope that a function declared in it names, itself or by the functions that it names. */
function reachedBy(
  declared: Syntax,
  scopes: readonly Scope[],
  scope: Scope,
  seen = new Set<Syntax>(),
): Binding[] {
  if (seen.has(declared)) return []
  seen.add(declared)
  const reached: Binding[] = []
  const outer = scopes.slice(0, scopes.indexOf(scope) + 1)
  visitScopes(declared, outer, (syntax, around) => {
    const name = nameOf(syntax)
    const found = name === undefined ? undefined : lookUp(name, around)
    if (found?.scope !== scope) return
    const { binding } = found
    if (binding.kind === 'const') reached.push(binding)
    if (binding.kind === 'function') reached.push(...reachedBy(binding.syntax, outer, scope, seen))
  })
  return reached
}
