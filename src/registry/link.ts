import { QUOTED_STRING, SEPARATOR, scan, TOKEN, unquote } from '../transport/field-value.ts'

const TARGET = /<([^<>]*)>/y
const PARAMETER = new RegExp(
  `[ \\t]*;[ \\t]*(?:(${TOKEN})[ \\t]*(?:=[ \\t]*(${QUOTED_STRING}|[^\\s,;"]+))?)?`,
  'y',
)

/**
 * The target of the link whose relation is `next`, as it stands in a `Link` header (RFC 8288, 3), relative or absolute;
 * `undefined` when there is none. Reading ends where the grammar is broken.
 */
export function nextLink(header: string): string | undefined {
  const match = scan(header)
  for (;;) {
    match(SEPARATOR)
    const target = match(TARGET)
    if (target === null) return undefined
    let relations: string | undefined
    for (let found = match(PARAMETER); found !== null; found = match(PARAMETER)) {
      // RFC 8288, 3.3: only the first `rel` of a link counts.
      if (found[1]?.toLowerCase() === 'rel') relations ??= unquote(found[2] ?? '')
    }
    if (relations?.toLowerCase().split(/\s+/).includes('next')) return target[1]
  }
}
