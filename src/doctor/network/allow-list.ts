import { joinNeeds, type Need, type NeededHost } from '../needed-hosts.ts'
import type { Exchange, PullFacts } from './facts.ts'

/** The hosts and ports that pulls have really asked for, in the order of a pull, and why each. */
export function allowList(pulls: readonly PullFacts[]): NeededHost[] {
  return joinNeeds(
    pulls.flatMap(({ role, exchanges }) => exchanges.flatMap((exchange) => needsOf(exchange, role))),
  )
}

/** Behind a proxy, this machine needs the proxy, and the proxy the host. */
function needsOf({ host, port, proxy, ...exchange }: Exchange, role: PullFacts['role']): Need[] {
  const why = whyOf(exchange, role)
  if (proxy === undefined) return [{ host, port, from: ['clients'], why }]
  const at = proxy.lastIndexOf(':')
  return [
    { host: proxy.slice(0, at), port: Number(proxy.slice(at + 1)), from: ['clients'], why: 'the proxy' },
    { host, port, from: ['clients'], why: `${why}, by the proxy` },
  ]
}

function whyOf({ what, url }: Pick<Exchange, 'what' | 'url'>, role: PullFacts['role']): string {
  if (/\/v2\/.*\/(?:manifests|blobs|tags)\//.test(url)) return `the ${role}`
  return what.startsWith('blob') ? 'blobs' : 'tokens, or where manifests are'
}
