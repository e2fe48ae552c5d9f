// Whole, since not every Node that this runs on has a `setGlobalProxyFromEnv` to import by name.
import http, { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { PortolanError } from '../../errors.ts'
import { formatProxies, hasProxies, type Proxies, proxyFor, readProxies } from '../../net/proxies.ts'
import type { Fetch, FetchInit } from '../../runtime.ts'
import { copied } from '../../transport/watch-body.ts'
import { bulkGet } from './bulk-get.ts'
import { directFetch, isDirect } from './direct-fetch.ts'
import { isUnknownAuthority, trustedCertificates, trustSystemStore } from './trust.ts'

type Dispatcher = NonNullable<RequestInit['dispatcher']>

/** Where Node and undici keep the one that `fetch` goes by (undici, lib/global.js). */
const DISPATCHER = Symbol.for('undici.globalDispatcher.1')
const IS_BUN = process.versions.bun !== undefined
/** Names no host: an empty list would let the environment's count. */
const BYPASS_NOTHING = 'nothing.invalid'
/** Hosts that Bun is told of one by one; more are no config's. */
const TOLD_MAX = 256

let proxies: Proxies | undefined
/** Settles when Node may load what its `fetch` is made of, which takes 30 ms: what waits by then is answered before. */
let begun: Promise<void> | undefined

/** This process's proxies. They are written back in the form that the libraries of clouds understand. */
export function outboundProxies(): Proxies {
  if (proxies === undefined) {
    proxies = readProxies(process.env)
    if (hasProxies(proxies)) Object.assign(process.env, formatProxies(proxies))
  }
  return proxies
}

/**
 * The `fetch` of this process: through the environment's proxies as curl goes, and, when nobody that the runtime trusts
 * vouches for the other end, once more by what the system trusts.
 */
export const outboundFetch: Fetch = async (url, init) => {
  try {
    return await sendOnce(url, init)
  } catch (error) {
    // The other end may close a connection that was kept just as it is used again (RFC 9112, 9.3.1); Bun asks once more, too.
    const { method = 'GET' } = init
    if ((method === 'GET' || method === 'HEAD') && hasHungUp(error)) return sendOnce(url, init)
    // A connection that failed has not read the body yet, but a stream may have been touched.
    if (init.body instanceof ReadableStream || !isUnknownAuthority(error) || !trustSystemStore()) throw error
    return sendOnce(url, init)
  }
}

/** Sockets for libraries that bring their own HTTP; through the proxies, too. */
export function createAgents(): { readonly http: HttpAgent; readonly https: HttpsAgent } {
  trustSystemStore()
  const options = { keepAlive: true, maxSockets: 50, proxyEnv: formatProxies(outboundProxies()) }
  return { http: new HttpAgent(options), https: new HttpsAgent(options) }
}

async function sendOnce(url: string, init: FetchInit): Promise<Response> {
  const known = outboundProxies()
  const proxy = proxyFor(url, known)
  if (!IS_BUN && proxy === undefined && process.env.NODE_USE_ENV_PROXY !== '1' && isDirect(init)) {
    const response = (mayBeBulk(init) && (await bulkGet(url, init))) || (await directFetch(url, init))
    if (response !== undefined) return response
  }
  const { body } = init
  // Others may have several pieces at once.
  if (init.lend && body instanceof ReadableStream)
    return sendOnce(url, { ...init, lend: false, body: copied(body) })
  if (IS_BUN) return fetch(url, forBun(url, init, proxy))
  begun ??= new Promise((resolve) => setTimeout(resolve))
  await begun
  const through = proxy === undefined ? undefined : dispatcherFor(known)
  const chosen = init.method === 'HEAD' ? keptOpen(through) : through
  const sent = init.body instanceof ReadableStream ? { ...init, ...ONCE } : init
  return fetch(url, chosen === undefined ? sent : { ...sent, dispatcher: chosen })
}

/**
 * Of a body that can be sent once. For all others, `fetch` keeps a copy of what was sent, in case of a redirect that asks
 * for it again: a blob of a gigabyte would take as much memory (Fetch standard, "HTTP-network-or-cache fetch", step 8).
 */
const ONCE = { redirect: 'error', window: null } as const

function mayBeBulk({ method = 'GET', body = null, lend = false }: FetchInit): boolean {
  return lend && method === 'GET' && body === null
}

/** Whether a connection ended before anything was answered. */
function hasHungUp(error: unknown): boolean {
  const { code } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException
  return code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'EPIPE'
}

/** By what they are made of; each keeps connections. */
const keeping = new WeakMap<Dispatcher, Dispatcher>()

/**
 * Keeps the connection after a `HEAD`. undici closes it by itself, for servers that answer with a body (its
 * lib/dispatcher/client-h1.js), so that each probe of a store would begin with two handshakes. Such a server spoils no more
 * than what is asked of it next.
 */
function keptOpen(through: Dispatcher | undefined): Dispatcher | undefined {
  const inner = through ?? (Reflect.get(globalThis, DISPATCHER) as Dispatcher | undefined)
  if (inner === undefined) return undefined
  let kept = keeping.get(inner)
  if (kept === undefined) {
    const dispatch: Dispatcher['dispatch'] = (options, handler) =>
      inner.dispatch({ ...options, reset: false }, handler)
    kept = Object.create(inner, { dispatch: { value: dispatch } }) as Dispatcher
    keeping.set(inner, kept)
  }
  return kept
}

/** Bun takes proxy and certificates with each request; what goes past its own reading of the environment it is told. */
function forBun(url: string, init: RequestInit, proxy: string | undefined): RequestInit {
  const ca = trustedCertificates()
  if (proxy === undefined) bypassOnBun(new URL(url).hostname)
  const more = { ...(proxy !== undefined && { proxy }), ...(ca !== undefined && { tls: { ca } }) }
  return { ...init, ...more }
}

const told = new Set<string>()

function bypassOnBun(host: string): void {
  if (process.env.NO_PROXY === undefined || told.has(host) || told.size >= TOLD_MAX) return
  told.add(host)
  process.env.NO_PROXY += `,${host}`
  process.env.no_proxy = process.env.NO_PROXY
}

let dispatcher: Dispatcher | undefined

/** The dispatcher that Node makes for its own proxies, with those of ours, and without being that of every `fetch`. */
function dispatcherFor(known: Proxies): Dispatcher | undefined {
  if (dispatcher !== undefined || process.env.NODE_USE_ENV_PROXY === '1') return dispatcher
  if (typeof http.setGlobalProxyFromEnv !== 'function') {
    const message = `Node ${process.versions.node} goes through proxies only when NODE_USE_ENV_PROXY=1 is in the environment; from 24.14 on it needs nothing`
    throw new PortolanError('USAGE', message)
  }
  const { http_proxy, https_proxy } = formatProxies(known)
  const restore = http.setGlobalProxyFromEnv({
    ...(http_proxy !== undefined && { http_proxy }),
    ...(https_proxy !== undefined && { https_proxy }),
    no_proxy: BYPASS_NOTHING,
  })
  dispatcher = Reflect.get(globalThis, DISPATCHER) as Dispatcher
  restore()
  return dispatcher
}
