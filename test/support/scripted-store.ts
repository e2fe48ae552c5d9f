import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A store that answers as it is told and remembers what it was asked. */
export interface ScriptedStore extends AsyncDisposable {
  readonly origin: string
  /** Every request so far, as `METHOD path`. */
  readonly requests: string[]
}

/** What to answer for a path: a status, or `silent` for nothing at all. */
export type Script = (path: string) => number | 'silent'

export async function startScriptedStore(script: Script): Promise<ScriptedStore> {
  const requests: string[] = []
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`)
    const answer = script(request.url ?? '')
    if (answer === 'silent') return
    response.writeHead(answer, { 'Content-Length': answer === 200 ? '4' : '0' })
    response.end(answer === 200 && request.method === 'GET' ? 'blob' : undefined)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
