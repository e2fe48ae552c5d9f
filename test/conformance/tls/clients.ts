import { Agent, request } from 'node:https'
import type { TLSSocket } from 'node:tls'

/** What a client got over TLS. */
export interface SecureReply {
  readonly status: number
  readonly body: string
  /** Of the certificate that it was shown. */
  readonly serial: string
  readonly socket: TLSSocket
}

/** How a client comes. */
export interface SecureClient {
  /** The authority that it trusts. */
  readonly ca: string
  readonly cert?: Buffer
  readonly key?: Buffer
  /** Whose connections it uses; without it, each request is one of its own. */
  readonly agent?: Agent
}

/** Asks a port of this machine over TLS. */
export function ask(port: number, path: string, client: SecureClient): Promise<SecureReply> {
  const { agent = new Agent({ keepAlive: false, maxCachedSessions: 0 }), ...options } = client
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, agent, ...options }, (response) => {
      const socket = response.socket as TLSSocket
      // A connection that ends is asked before that.
      const serial = socket.getPeerCertificate().serialNumber ?? ''
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (chunk) => {
        body += chunk
      })
      response.on('error', reject)
      response.on('end', () => resolve({ status: response.statusCode!, body, serial, socket }))
    })
    asked.on('error', reject)
    asked.end()
  })
}

/** A client that asks again and again, on one connection or on one for each request, until it is told to end. */
export function keepAsking(port: number, client: SecureClient, onOneConnection: boolean) {
  const agent = new Agent({ keepAlive: onOneConnection, maxSockets: 1, maxCachedSessions: 0 })
  const replies: SecureReply[] = []
  const failures: unknown[] = []
  let isOver = false
  const running = (async () => {
    while (!isOver) {
      try {
        replies.push(await ask(port, '/v2/', { ...client, agent }))
      } catch (error) {
        failures.push(error)
      }
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    agent.destroy()
  })()
  return {
    replies,
    failures,
    async end() {
      isOver = true
      await running
    },
  }
}
