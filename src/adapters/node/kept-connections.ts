import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { Duplex } from 'node:stream'

/** Less than servers keep a connection that nobody uses, as `fetch` has it, in milliseconds; a server may say less. */
const KEPT = 4000

let http: HttpAgent | undefined
let https: HttpsAgent | undefined

/** Connections of this process, by TLS or without, which are kept for a while when they are not used. */
export function keptConnections(isSecure: boolean): HttpAgent {
  const options = { keepAlive: true, timeout: KEPT }
  if (isSecure) {
    https ??= onlyQuiet(new HttpsAgent(options))
    return https
  }
  http ??= onlyQuiet(new HttpAgent(options))
  return http
}

/**
 * Nothing may come before something was asked: what does would be taken for the next answer. Node 24.21 sees to that itself,
 * the oldest that this runs on does not.
 */
function onlyQuiet<Agent extends HttpAgent>(agent: Agent): Agent {
  const { keepSocketAlive, reuseSocket } = agent
  const hangUp = function (this: Duplex) {
    this.destroy()
  }
  return Object.assign(agent, {
    keepSocketAlive(socket: Duplex) {
      if (socket.readableLength > 0) return false
      socket.on('data', hangUp)
      return keepSocketAlive.call(agent, socket)
    },
    reuseSocket(socket: Duplex, request: Parameters<HttpAgent['reuseSocket']>[1]) {
      socket.off('data', hangUp)
      reuseSocket.call(agent, socket, request)
    },
  })
}
