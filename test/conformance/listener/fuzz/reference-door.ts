import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

// What the listener is compared with: node:http as it comes, answering with what it was asked.

/** What each client asked, by its address and port: answers to it can be lost, when what it sent last is refused. */
const seen = new Map<string, string[]>()
const MOST_SEEN = 10_000

function note(client: string, request: string): void {
  const requests = seen.get(client)
  if (requests !== undefined) requests.push(request)
  else seen.set(client, [request])
  if (seen.size > MOST_SEEN) seen.delete(seen.keys().next().value!)
}

const server = createServer({ keepAliveTimeout: 0 }, ({ method, url: target = '', socket }, response) => {
  if (target.startsWith('/seen?')) {
    const client = target.slice(6)
    response.end(JSON.stringify(seen.get(client) ?? []))
    seen.delete(client)
    return
  }
  note(`${socket.remoteAddress}:${socket.remotePort}`, `${method} ${target}`)
  const body = JSON.stringify({ method, target })
  response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': Buffer.byteLength(body) })
  response.end(body)
})
// A port is used again after a while, by another case.
server.on('connection', ({ remoteAddress, remotePort }) => seen.delete(`${remoteAddress}:${remotePort}`))
server.listen(0, '127.0.0.1', () => console.log(`listening: ${(server.address() as AddressInfo).port}`))
