import type { OciFault } from './errors.ts'

/** A request target cut at its first `?`: both parts raw, `query` with its `?`, or empty. */
export interface Target {
  readonly path: string
  readonly query: string
}

/** RFC 3986, 3.4: what a query may hold. Anything else has no business in a `Location`. */
const QUERY = /^[A-Za-z0-9\-._~!$&'()*+,;=:@/?%]*$/

/**
 * Cuts the raw target of a request line into path and query. An absolute target (`http://host/path`, RFC 9112, 3.2.2)
 * loses its origin, which decides nothing here.
 */
export function parseTarget(target: string): Target | OciFault {
  const start = target.charCodeAt(0) === 47 /* / */ ? 0 : pathStart(target)
  const mark = target.indexOf('?', start)
  if (mark < 0) return { path: start === 0 ? target : target.slice(start), query: '' }
  const query = target.slice(mark)
  if (!QUERY.test(query)) {
    return { code: 'UNSUPPORTED', message: 'the query holds a character that RFC 3986 does not allow there' }
  }
  return { path: target.slice(start, mark), query }
}

function pathStart(target: string): number {
  const origin = /^https?:\/\/[^/?#]*/i.exec(target)
  return origin === null ? 0 : origin[0].length
}
