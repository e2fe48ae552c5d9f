import { parseSync } from 'rolldown/utils'

/** A piece of a file as its parser sees it (ESTree with TypeScript's own kinds), from and up to these characters. */
export interface Syntax {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [key: string]: unknown
}

/** Parses a TypeScript file. Throws, naming the path and the first fault, when it is none. */
export function parse(path: string, text: string): Syntax {
  const { program, errors } = parseSync(path, text, { lang: 'ts', sourceType: 'module' })
  if (errors.length > 0) throw new Error(`${path} is not TypeScript: ${errors[0]!.message}`)
  if (!isSyntax(program)) throw new Error(`${path}: the parser gave something else than syntax`)
  return program
}

/** What stands right below, in the order of the file. */
export function partsOf(syntax: Syntax): Syntax[] {
  return Object.values(syntax)
    .flat()
    .filter(isSyntax)
    .toSorted((one, other) => one.start - other.start)
}

/** Visits all of it, outer before inner. */
export function walk(syntax: Syntax, visit: (syntax: Syntax) => void): void {
  visit(syntax)
  for (const part of partsOf(syntax)) walk(part, visit)
}

/** What a string literal says, if it is one. */
export function stringOf(value: unknown): string | undefined {
  return isSyntax(value) && value.type === 'Literal' && typeof value.value === 'string'
    ? value.value
    : undefined
}

/** The name of an identifier, if it is one. */
export function nameOf(value: unknown): string | undefined {
  return isSyntax(value) && value.type === 'Identifier' && typeof value.name === 'string'
    ? value.name
    : undefined
}

export function isSyntax(value: unknown): value is Syntax {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
}
