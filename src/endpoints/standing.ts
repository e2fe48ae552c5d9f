import type { Day } from './day.ts'
import type { Endpoint, EndpointsStatement } from './statement.ts'

/** Whether clients may be sent to a host on one day, by what was published of it. */
export type Standing =
  | { readonly kind: 'open' }
  /** It is not published. */
  | { readonly kind: 'unpublished' }
  /** Published, but not yet. */
  | { readonly kind: 'not-yet'; readonly from: Day }
  | { readonly kind: 'over'; readonly until: Day }

/** How a URL's host stands on a day. */
export function standingOf(statement: EndpointsStatement, url: string, today: Day): Standing {
  const { host, port } = hostOf(url)
  const endpoint = statement.endpoints.find((each) => each.host === host && each.port === port)
  return endpoint === undefined ? { kind: 'unpublished' } : standingOn(endpoint, today)
}

/** How an endpoint stands on a day. */
export function standingOn({ from, until }: Endpoint, today: Day): Standing {
  if (today < from) return { kind: 'not-yet', from }
  return until !== undefined && today > until ? { kind: 'over', until } : { kind: 'open' }
}

/** Host and port of an http or https URL. */
export function hostOf(url: string): Pick<Endpoint, 'host' | 'port'> {
  const { hostname, port, protocol } = new URL(url)
  return { host: hostname, port: Number(port) || (protocol === 'https:' ? 443 : 80) }
}
