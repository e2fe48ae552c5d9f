import { proxyFor } from '../../net/proxies.ts'
import type { Connection, Handshake } from '../../runtime.ts'
import { basicAuthorization } from '../../transport/bearer-token.ts'
import { connectTo, portOf } from './connect-to.ts'
import { type Exchange, type Family, PullFault } from './facts.ts'
import { certificateFault, faultOf, tunnelFault } from './fault-of.ts'
import { inTime, type NetworkRuntime } from './in-time.ts'
import { inspectingProduct, sayInspected } from './inspecting-products.ts'
import type { NetworkView } from './view.ts'
import { blameAddress } from './wrong-address.ts'

/** A way to a host, and what is to be asked there; a proxy of plain HTTP is asked for whole URLs. */
export interface Way {
  readonly connection: Connection
  readonly isProxied: boolean
  readonly headers: Readonly<Record<string, string>>
}

/** What a wrong clock makes of a good certificate. */
const DATED = new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID'])

/**
 * Opens a connection to the host of a URL as the runtime would: through its proxy, by its authorities, over one family of
 * addresses where there are any, else over the other. What it learns goes into `exchange`, also when it rejects.
 */
export async function openWay(
  url: URL,
  family: Family,
  { late, ...view }: NetworkView,
  runtime: NetworkRuntime,
  exchange: Exchange,
): Promise<Way> {
  if (late === undefined) return open(url, family, view, runtime, exchange)
  const authorities = view.authorities.filter((pem) => !late.certificates.includes(pem))
  try {
    return await open(url, family, { ...view, authorities }, runtime, exchange)
  } catch (error) {
    if (faultOf(error).cause !== 'tls-unknown-authority') throw error
    const again = { ...exchange, tries: [] }
    const { connection } = await open(url, family, view, runtime, again)
    connection.close()
    throw new PullFault({
      cause: 'restart-needed',
      detail: `issued by ${JSON.stringify(again.tls?.certificate?.issuer ?? '')}; ${late.why}`,
    })
  }
}

async function open(
  url: URL,
  family: Family,
  view: NetworkView,
  runtime: NetworkRuntime,
  exchange: Exchange,
): Promise<Way> {
  const proxy = URL.parse(proxyOf(url, view) ?? '')
  if (proxy !== null) exchange.proxy = `${proxy.hostname}:${portOf(proxy)}`
  const isTls = url.protocol === 'https:'
  const headers = proxy === null ? {} : loginOf(proxy)
  const connection = await connectTo(proxy ?? url, family, view, runtime, exchange).catch(async (error) => {
    if (proxy === null) throw await blameAddress(url, faultOf(error), view, runtime, exchange)
    throw new PullFault({ cause: 'proxy-unreachable', detail: `${proxy.host}: ${faultOf(error).detail}` })
  })
  try {
    if (proxy?.protocol === 'https:') refuse(await secure(connection, proxy, view, runtime))
    if (proxy !== null && isTls) {
      const to = `${url.hostname}:${portOf(url)}`
      const status = await inTime(runtime, view.timeout, (signal) => connection.tunnel(to, headers, signal))
      if (status !== 200) throw new PullFault(tunnelFault(status))
    }
    if (isTls) {
      const shown = await secure(connection, url, view, runtime)
      const { issuer = '', above = [] } = shown.certificate ?? {}
      const inspectedBy = inspectingProduct([issuer, ...above])
      const tls = { ...shown, ...(inspectedBy !== undefined && { inspectedBy }) }
      exchange.tls = tls
      if (tls.fault !== undefined && !view.isInsecure) {
        if (DATED.has(tls.fault)) await refuseByClock(connection, tls, url, view, runtime)
        const isPublic = await isKnownToAll(exchange, url, view, runtime)
        exchange.tls = { ...tls, ...(isPublic !== undefined && { isPublic }) }
        refuse(exchange.tls)
      }
    }
    return { connection, isProxied: proxy !== null && !isTls, headers: isTls ? {} : headers }
  } catch (error) {
    connection.close()
    throw await blameAddress(url, faultOf(error), view, runtime, exchange)
  }
}

/** Go speaks SOCKS, too, which is not tried here (net/http, Transport.Proxy). */
function proxyOf(url: URL, { proxies }: NetworkView): string | undefined {
  try {
    return proxyFor(url, proxies)
  } catch (error) {
    const detail = (error as Error).message
    throw new PullFault({ cause: /"socks5h?:/i.test(detail) ? 'proxy-untried' : 'proxy-invalid', detail })
  }
}

function secure(connection: Connection, { hostname }: URL, view: NetworkView, runtime: NetworkRuntime) {
  const host = hostname.replace(/^\[|\]$/g, '')
  return inTime(runtime, view.timeout, (signal) => connection.secure(host, view.authorities, signal))
}

/** Throws a fault where a runtime would go no further. */
function refuse({ fault, certificate, isPublic, inspectedBy }: NonNullable<Exchange['tls']>): void {
  if (fault === undefined) return
  const shown =
    certificate === undefined
      ? 'no certificate was shown'
      : `issued by ${JSON.stringify(certificate.issuer)} for ${certificate.names.slice(0, 5).join(', ') || 'no name'}, valid until ${certificate.until.toISOString().slice(0, 10)}`
  const known = isPublic ? '; a public authority vouches for it, which this machine does not know' : ''
  const by = inspectedBy === undefined ? '' : `; ${sayInspected(inspectedBy)}`
  throw new PullFault({ cause: certificateFault(fault), detail: `${fault}: ${shown}${by}${known}` })
}

/**
 * Throws the fault `clock` where a certificate would do at the time that the other end says it is: then it is this
 * machine's clock that is wrong. Nothing but that question goes over a connection that nobody vouches for.
 */
async function refuseByClock(
  connection: Connection,
  { certificate }: Handshake,
  url: URL,
  view: NetworkView,
  runtime: NetworkRuntime,
): Promise<void> {
  const answer = await inTime(runtime, view.timeout, (signal) =>
    connection.get('/v2/', { Host: url.host }, signal),
  ).catch(() => undefined)
  await answer?.body?.cancel()
  const theirs = Date.parse(answer?.headers.get('Date') ?? '')
  if (certificate === undefined || Number.isNaN(theirs)) return
  if (theirs < certificate.from.getTime() || theirs > certificate.until.getTime()) return
  const detail = `it is ${runtime.date().toISOString()} here, and ${new Date(theirs).toISOString()} by ${url.host}, when its certificate is valid`
  throw new PullFault({ cause: 'clock', detail })
}

/** Whether the authorities that browsers trust vouch for it; `undefined` where that could not be asked. */
async function isKnownToAll(
  { tries, proxy }: Exchange,
  url: URL,
  view: NetworkView,
  runtime: NetworkRuntime,
): Promise<boolean | undefined> {
  const address = tries.find(({ fault }) => fault === undefined)?.address
  if (address === undefined || proxy !== undefined) return undefined
  try {
    const connection = await inTime(runtime, view.timeout, (signal) =>
      runtime.sockets.connect(address, portOf(url), signal),
    )
    try {
      const trusting = { ...view, authorities: view.publicAuthorities }
      const { fault }: Handshake = await secure(connection, url, trusting, runtime)
      return fault === undefined
    } finally {
      connection.close()
    }
  } catch {
    // A second opinion: that there is none is no fault.
    return undefined
  }
}

/** The login of a proxy's URL (RFC 9110, 11.7.2). */
function loginOf({ username, password }: URL): Record<string, string> {
  if (username === '') return {}
  let login: { username: string; password: string }
  try {
    login = { username: decodeURIComponent(username), password: decodeURIComponent(password) }
  } catch {
    throw new PullFault({
      cause: 'proxy-auth',
      detail: "the login in the proxy's URL is not percent-encoded",
    })
  }
  return { 'Proxy-Authorization': basicAuthorization(login) }
}
