import { QUOTED_STRING, SEPARATOR, scan, TOKEN, unquote } from './field-value.ts'

/** One way to authenticate that a server offers. */
export interface Challenge {
  /** Lower-cased, such as `bearer`. */
  readonly scheme: string
  /** By lower-cased name; the first of two with one name. */
  readonly parameters: ReadonlyMap<string, string>
  /** What some schemes have in place of parameters. */
  readonly token68?: string
}

// Some servers forget the quotes around an address, which is no token: what is not quoted ends at a comma or a space.
const PARAMETER = new RegExp(`(${TOKEN})[ \\t]*=[ \\t]*(${QUOTED_STRING}|[^\\s,"=][^\\s,"]*)`, 'y')
const SCHEME = new RegExp(`(${TOKEN})(?:[ \\t]+|(?=,)|$)`, 'y')
const TOKEN68 = /([A-Za-z0-9\-._~+/]+=*)[ \t]*(?=,|$)/y

/**
 * Reads `WWW-Authenticate` (RFC 9110, 11.6.1), several fields of which may have been joined by commas: a comma is also
 * what parts the parameters of one challenge. Reading ends where the grammar is broken; what was read before counts.
 */
export function parseChallenges(header: string): readonly Challenge[] {
  const challenges: { scheme: string; parameters: Map<string, string>; token68?: string }[] = []
  const match = scan(header)
  for (;;) {
    match(SEPARATOR)
    const current = challenges.at(-1)
    const parameter = current?.token68 === undefined ? match(PARAMETER) : null
    if (parameter !== null) {
      // A parameter before any scheme belongs to nothing.
      if (current === undefined) return challenges
      const name = parameter[1]!.toLowerCase()
      if (!current.parameters.has(name)) current.parameters.set(name, unquote(parameter[2]!))
      continue
    }
    const scheme = match(SCHEME)
    if (scheme === null) return challenges
    const token68 = match(TOKEN68)?.[1]
    challenges.push({
      scheme: scheme[1]!.toLowerCase(),
      parameters: new Map(),
      ...(token68 !== undefined && { token68 }),
    })
  }
}
