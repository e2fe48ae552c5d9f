import { isSyntax, nameOf, partsOf, type Syntax } from './syntax.ts'

/** What a function, or the module, declares for all that it contains. */
export type Scope = ReadonlyMap<string, Binding>

export interface Binding {
  readonly kind: 'import' | 'const' | 'let' | 'function' | 'parameter'
  readonly syntax: Syntax
  /** From which character on it may be named: the end of a variable's declaration, 0 of the others. */
  readonly made: number
}

/** Visits what is evaluated, with the scopes around it: not types, names of properties, or what is being declared. */
export function visitScopes(
  syntax: Syntax,
  scopes: readonly Scope[],
  visit: (syntax: Syntax, scopes: readonly Scope[]) => void,
): void {
  if (isType(syntax)) return
  visit(syntax, scopes)
  const inside = OPENS.has(syntax.type) ? [...scopes, scopeOf(syntax)] : scopes
  for (const part of partsOf(evaluatedOf(syntax))) visitScopes(part, inside, visit)
}

/** What a name stands for; `undefined` when the file declares it nowhere around. */
export function lookUp(
  name: string,
  scopes: readonly Scope[],
): { readonly binding: Binding; readonly scope: Scope } | undefined {
  const scope = scopes.findLast((scope) => scope.has(name))
  return scope && { binding: scope.get(name)!, scope }
}

/** Every name in an expression or a pattern, save those of properties. */
export function namesIn(syntax: Syntax): string[] {
  if (isType(syntax)) return []
  const name = nameOf(syntax)
  return [...(name === undefined ? [] : [name]), ...partsOf(evaluatedOf(syntax)).flatMap(namesIn)]
}

/** The names that a pattern declares: not those of its defaults. */
function boundIn(pattern: Syntax): string[] {
  if (isType(pattern)) return []
  if (pattern.type === 'AssignmentPattern') return isSyntax(pattern.left) ? boundIn(pattern.left) : []
  const name = nameOf(pattern)
  return [...(name === undefined ? [] : [name]), ...partsOf(evaluatedOf(pattern)).flatMap(boundIn)]
}

/** What a pattern takes where a value is missing. */
function defaultsIn(pattern: Syntax): Syntax[] {
  if (pattern.type !== 'AssignmentPattern') return partsOf(pattern).flatMap(defaultsIn)
  const { left, right } = pattern
  return [left, right].filter(isSyntax).flatMap((part) => (part === right ? [part] : defaultsIn(part)))
}

const FUNCTIONS: ReadonlySet<string> = new Set([
  ...['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'],
])
const OPENS: ReadonlySet<string> = new Set(['Program', ...FUNCTIONS])
/** TypeScript's own kinds that have an expression in them. */
const EVALUATED: ReadonlySet<string> = new Set([
  ...['TSAsExpression', 'TSNonNullExpression', 'TSSatisfiesExpression', 'TSInstantiationExpression'],
])

function isType({ type }: Syntax): boolean {
  return type.startsWith('TS') && !EVALUATED.has(type)
}

/** The same without names that name nothing: of properties, of what is declared, of other files' exports. */
function evaluatedOf(syntax: Syntax): Syntax {
  switch (syntax.type) {
    case 'MemberExpression':
      return syntax.computed === true ? syntax : { ...syntax, property: undefined }
    case 'Property':
    case 'PropertyDefinition':
    case 'MethodDefinition':
      return syntax.computed === true ? syntax : { ...syntax, key: undefined }
    case 'VariableDeclarator':
      return { ...syntax, id: isSyntax(syntax.id) ? defaultsIn(syntax.id) : undefined }
    case 'FunctionDeclaration':
    case 'FunctionExpression':
    case 'ClassDeclaration':
    case 'ClassExpression':
      return { ...syntax, id: undefined }
    case 'ExportSpecifier':
      return { ...syntax, exported: undefined }
    case 'ExportNamedDeclaration':
      return isSyntax(syntax.source) ? { ...syntax, specifiers: undefined } : syntax
    case 'ImportDeclaration':
      return { ...syntax, specifiers: undefined, attributes: undefined }
    case 'MetaProperty':
      return { ...syntax, meta: undefined, property: undefined }
    default:
      return syntax
  }
}

/** What a function or module declares, wherever in it, but not what functions inside declare. */
function scopeOf(owner: Syntax): Scope {
  const scope = new Map<string, Binding>()
  const parameters = Array.isArray(owner.params) ? owner.params.filter(isSyntax) : []
  for (const syntax of parameters) {
    for (const name of boundIn(syntax)) scope.set(name, { kind: 'parameter', syntax, made: 0 })
  }
  for (const part of partsOf({ ...owner, params: undefined, id: undefined })) declare(part, 'let', scope)
  return scope
}

function declare(syntax: Syntax, kind: 'const' | 'let', scope: Map<string, Binding>): void {
  const bind = (pattern: unknown, kind: Binding['kind'], made = 0) => {
    for (const name of isSyntax(pattern) ? boundIn(pattern) : []) scope.set(name, { kind, syntax, made })
  }
  switch (syntax.type) {
    case 'FunctionDeclaration':
    case 'ClassDeclaration':
      bind(syntax.id, 'function')
      break
    case 'VariableDeclarator':
      bind(syntax.id, kind, syntax.end)
      break
    case 'ImportSpecifier':
    case 'ImportDefaultSpecifier':
    case 'ImportNamespaceSpecifier':
      bind(syntax.local, 'import')
      break
    case 'CatchClause':
      bind(syntax.param, 'let')
  }
  if (FUNCTIONS.has(syntax.type)) return
  const inner = syntax.type === 'VariableDeclaration' ? (syntax.kind === 'const' ? 'const' : 'let') : kind
  for (const part of partsOf(syntax)) declare(part, inner, scope)
}
