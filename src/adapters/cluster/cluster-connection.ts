import {
  type ClientRequest,
  Agent as HttpAgent,
  type IncomingMessage,
  request as requestHttp,
} from 'node:http'
import { Agent as HttpsAgent, type RequestOptions, request as requestHttps } from 'node:https'
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { TLSSocket } from 'node:tls'
import type { ClusterConnection } from '../../cluster/access.ts'
import { PortolanError } from '../../errors.ts'
import { formatProxies, readProxies } from '../../net/proxies.ts'
import type { Clock } from '../../runtime.ts'
import { createPluginCredential, type PluginCredential } from './credential-plugin.ts'
import type { KubeconfigAccess } from './kubeconfig.ts'

/** Its sockets stay open until it is disposed of. */
export type OpenClusterConnection = ClusterConnection & Disposable

export interface ClusterConnectionParts {
  /** Of whoever runs this; plugins get it. */
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
  /** In milliseconds. */
  readonly connectTimeout: number
  /** For what gives the credential, such as a plugin, in milliseconds. */
  readonly credentialTimeout: number
}

/** How much of what went wrong with a credential is repeated. */
const REASON_MAX = 300

/**
 * Talks to a cluster with the credential and the certificates of a kubeconfig, which the runtime's own `fetch` cannot
 * take. Gunzips, since lists are long and API servers compress them.
 */
export function openClusterConnection(
  access: KubeconfigAccess,
  parts: ClusterConnectionParts,
): OpenClusterConnection {
  const { environment, clock, credentialTimeout } = parts
  const secure = access.server.startsWith('https:')
  const socketOptions = { keepAlive: true, proxyEnv: formatProxies(readProxies(environment)) }
  const agent = secure ? new HttpsAgent(socketOptions) : new HttpAgent(socketOptions)
  const askPlugin =
    access.plugin && createPluginCredential(access.plugin, { environment, clock, timeout: credentialTimeout })
  let options: RequestOptions = {}
  return {
    async prepare() {
      const fresh: RequestOptions = {}
      try {
        await within(credentialTimeout, clock, applyCredential(access, fresh, askPlugin))
      } catch (error) {
        throw noCredential(access, error)
      }
      // The library's agents open a connection for each request; only a way through a proxy is theirs alone.
      if (!access.config.getCurrentCluster()?.proxyUrl) fresh.agent = agent
      options = fresh
    },
    fetch(url, { headers, signal }) {
      return new Promise((resolve, reject) => {
        let stop = (reason: Error) => void request.destroy(reason)
        const abort = () => stop(signal!.reason)
        const sent = {
          'accept-encoding': 'gzip',
          ...Object.fromEntries(new Headers(headers)),
          ...options.headers,
        }
        const request = (secure ? requestHttps : requestHttp)(
          url,
          { ...options, headers: sent },
          (message) => {
            stop = (reason) => void message.destroy(reason)
            try {
              resolve(toResponse(message))
            } catch (error) {
              message.destroy()
              reject(error)
            }
          },
        )
        request.once('error', reject)
        request.once('close', () => signal?.removeEventListener('abort', abort))
        request.once('socket', (socket) => limitConnecting(socket, request, parts))
        signal?.addEventListener('abort', abort, { once: true })
        if (signal?.aborted) abort()
        request.end()
      })
    },
    [Symbol.dispose]: () => agent.destroy(),
  }
}

function limitConnecting(
  socket: Socket,
  request: ClientRequest,
  { clock, connectTimeout }: ClusterConnectionParts,
): void {
  if (!socket.connecting) return
  const late = () => request.destroy(new Error(`no connection within ${connectTimeout / 1000} s`))
  const callOff = clock.after(connectTimeout, late)
  socket.once(socket instanceof TLSSocket ? 'secureConnect' : 'connect', callOff)
  socket.once('close', callOff)
}

async function applyCredential(
  access: KubeconfigAccess,
  options: RequestOptions,
  askPlugin: (() => Promise<PluginCredential>) | undefined,
): Promise<void> {
  const { config } = access
  if (askPlugin !== undefined) {
    const { token, certificate, key } = await askPlugin()
    const inBase64 = (pem: string) => Buffer.from(pem).toString('base64')
    const certified = certificate && key && { certData: inBase64(certificate), keyData: inBase64(key) }
    config.users = config.users.map((user) => ({ ...user, ...(token && { token }), ...certified }))
  }
  await config.applyToHTTPSOptions(options)
  const headers = options.headers as Record<string, string> | undefined
  // Files of tokens end with a line feed now and then.
  if (headers?.Authorization) headers.Authorization = headers.Authorization.trim()
}

/** Rejects when the work takes longer than that; it is not called off. */
async function within(milliseconds: number, clock: Clock, work: Promise<void>): Promise<void> {
  let callOff = () => {}
  const late = new Promise<never>((_, reject) => {
    callOff = clock.after(milliseconds, () =>
      reject(new Error(`it did not come within ${milliseconds / 1000} s`)),
    )
  })
  try {
    await Promise.race([work, late])
  } finally {
    callOff()
  }
}

function noCredential({ context, user }: KubeconfigAccess, error: unknown): PortolanError {
  const reason = (error instanceof Error ? error.message : String(error))
    .replace(/[^\x20-\x7e]+/g, ' ')
    .trim()
  return new PortolanError(
    'UNREACHABLE',
    `there is no credential of user ${JSON.stringify(user)} for context ${JSON.stringify(context)}: ` +
      reason.slice(0, REASON_MAX),
    { context, user },
    error,
  )
}

function toResponse(message: IncomingMessage): Response {
  const status = message.statusCode ?? 0
  const headers = new Headers()
  for (const [name, value] of Object.entries(message.headers)) {
    if (value !== undefined) headers.set(name, String(value))
  }
  if (status === 204 || status === 205 || status === 304) {
    message.resume()
    return new Response(null, { status, headers })
  }
  const body = Readable.toWeb(message) as ReadableStream<Uint8Array>
  const isZipped = message.headers['content-encoding'] === 'gzip'
  return new Response(isZipped ? body.pipeThrough(new DecompressionStream('gzip')) : body, {
    status,
    headers,
  })
}
