import { PortolanError } from '../errors.ts'
import { formatAddress, parseAddress } from './address.ts'
import { lastAddress, type Prefix, parsePrefix, prefixContains } from './prefix.ts'

/** Which forward proxy requests go through: read once from the environment, as curl reads it. */
export interface Proxies {
  /** For `http:` URLs. */
  readonly http?: Proxy
  /** For `https:` URLs. */
  readonly https?: Proxy
  readonly bypass: readonly Bypass[]
}

/** A proxy's URL, without a slash at its end, or why what the environment says is none. */
type Proxy = { readonly url: string } | { readonly fault: string }

/** What goes past the proxy. */
type Bypass =
  | { readonly kind: 'all' }
  | { readonly kind: 'prefix'; readonly prefix: Prefix }
  /** The name, unless only what is below it is meant, and whatever is below it, on this port or any. */
  | { readonly kind: 'domain'; readonly domain: string; readonly port?: string; readonly isBelow?: boolean }

/** Where programs do not agree. */
export interface ProxyReading {
  /** `.example` is what is below the name and not the name itself: so Go reads it, and curl does not. */
  readonly dotMeansBelow?: boolean
}

type Environment = Readonly<Record<string, string | undefined>>

/** Never through a proxy: what a process says to its own machine. */
const LOOPBACK = ['localhost', '127.0.0.0/8', '::1']

/**
 * Reads `https_proxy`, `http_proxy`, `all_proxy` and `no_proxy`, each in capitals too. What is no http or https proxy is
 * refused when it would be used, since many a machine has one for other programs.
 */
export function readProxies(environment: Environment, { dotMeansBelow = false }: ProxyReading = {}): Proxies {
  const http = readProxy(environment, 'http_proxy')
  const https = readProxy(environment, 'https_proxy')
  const [, none = ''] = variable(environment, 'no_proxy') ?? []
  return {
    ...(http && { http }),
    ...(https && { https }),
    bypass: [...LOOPBACK, ...split(none)].flatMap((entry) => readBypass(entry, dotMeansBelow)),
  }
}

/**
 * The proxy for a URL, with its credentials; `undefined` when it is asked for directly. Throws `USAGE`, naming the
 * variable, when that is no proxy that can be used.
 */
export function proxyFor(url: string | URL, { bypass, ...proxies }: Proxies): string | undefined {
  const { protocol, hostname, port } = new URL(url)
  const proxy = protocol === 'https:' ? proxies.https : protocol === 'http:' ? proxies.http : undefined
  if (proxy === undefined) return undefined
  const host = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
  if (bypass.some((each) => passes(each, host, port || defaultPort(protocol)))) return undefined
  if ('url' in proxy) return proxy.url
  throw new PortolanError('USAGE', proxy.fault)
}

/** Whether anything goes through a proxy at all. */
export function hasProxies({ http, https }: Proxies): boolean {
  return http !== undefined || https !== undefined
}

/** The same in the form that the libraries of clouds read: names with and without what is below, ranges for prefixes. */
export function formatProxies({ http, https, bypass }: Proxies): Record<string, string> {
  const none = bypass.flatMap(formatBypass).join(',')
  return {
    ...(http && 'url' in http && { http_proxy: http.url, HTTP_PROXY: http.url }),
    ...(https && 'url' in https && { https_proxy: https.url, HTTPS_PROXY: https.url }),
    no_proxy: none,
    NO_PROXY: none,
  }
}

function readProxy(environment: Environment, name: string): Proxy | undefined {
  const [from, text] = variable(environment, name) ?? variable(environment, 'all_proxy') ?? []
  if (from === undefined || text === undefined) return undefined
  const url = URL.parse(text.includes('://') ? text : `http://${text}`)
  if (url !== null && /^https?:$/.test(url.protocol) && url.hostname !== '')
    return { url: url.href.replace(/\/$/, '') }
  return {
    fault: `${from} ${JSON.stringify(text.replace(/^([a-z][a-z0-9+.-]*:\/+)?.*@/i, '$1***@'))} must be an http or https proxy, such as http://proxy.example:3128`,
  }
}

/** Small letters first, as every tool has it. Empty is not set. */
function variable(environment: Environment, name: string): readonly [string, string] | undefined {
  for (const each of [name, name.toUpperCase()]) {
    const text = environment[each]?.trim()
    if (text) return [each, text]
  }
  return undefined
}

function split(text: string): string[] {
  return text.split(/[\s,]+/).filter((entry) => entry !== '')
}

function readBypass(text: string, dotMeansBelow: boolean): Bypass[] {
  if (text === '*') return [{ kind: 'all' }]
  if (text.includes('/') || parseAddress(text) !== undefined) {
    try {
      return [{ kind: 'prefix', prefix: parsePrefix(text) }]
    } catch {
      // As with curl, an entry that says nothing keeps nobody from the others.
      return []
    }
  }
  const [, name = '', port] = /^(.*?)(?::([0-9]{1,5}))?$/.exec(text.toLowerCase()) ?? []
  const domain = name.replace(/^\*?\./, '').replace(/\.$/, '')
  const isBelow = dotMeansBelow && /^\*?\./.test(name)
  if (domain === '') return []
  return [{ kind: 'domain', domain, ...(port !== undefined && { port }), ...(isBelow && { isBelow }) }]
}

function passes(bypass: Bypass, host: string, port: string): boolean {
  if (bypass.kind === 'all') return true
  if (bypass.kind === 'prefix') {
    const address = parseAddress(host)
    return address !== undefined && prefixContains(bypass.prefix, address)
  }
  if (bypass.port !== undefined && bypass.port !== port) return false
  return (host === bypass.domain && !bypass.isBelow) || host.endsWith(`.${bypass.domain}`)
}

function formatBypass(bypass: Bypass): string[] {
  if (bypass.kind === 'all') return ['*']
  if (bypass.kind === 'domain') {
    const port = bypass.port === undefined ? '' : `:${bypass.port}`
    return [`${bypass.domain}${port}`, `.${bypass.domain}${port}`]
  }
  const [first, last] = [formatAddress(bypass.prefix.address), formatAddress(lastAddress(bypass.prefix))]
  return first === last ? [first] : [`${first}-${last}`]
}

function defaultPort(protocol: string): string {
  return protocol === 'https:' ? '443' : '80'
}
