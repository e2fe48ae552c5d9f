import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { INVENTED_DIGEST } from '../../src/backends/health/check-store.ts'
import { digestEncoded } from '../../src/oci/digest.ts'

/** A store that answers as it is told and remembers what it was asked. */
export interface ScriptedStore extends AsyncDisposable {
  readonly origin: string
  /** Every request so far, as `METHOD path`. */
  readonly requests: string[]
}

/** More than a door fetches to see that a blob comes, so that what it is made of is nobody's business. */
const BLOB_BYTES = 20 * 1024 * 1024

/** What to answer for a path and method: a status, `silent` for nothing at all, or the text of a JSON document. */
export type Script = (path: string, method: string) => number | 'silent' | (string & {})

export async function startScriptedStore(script: Script): Promise<ScriptedStore> {
  const requests: string[] = []
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`)
    // Not even a store that is told to have everything has that.
    const answer = request.url?.includes(digestEncoded(INVENTED_DIGEST))
      ? 404
      : script(request.url ?? '', request.method ?? '')
    if (answer === 'silent') return
    if (typeof answer === 'string') {
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(answer)
      return
    }
    if (answer !== 200) {
      response.writeHead(answer, { 'Content-Length': '0' }).end()
      return
    }
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '')
    const start = Number(range?.[1] ?? 0)
    const end = Math.min(Number(range?.[2] || BLOB_BYTES - 1), BLOB_BYTES - 1)
    response.writeHead(range === null ? 200 : 206, {
      'Content-Length': String(end - start + 1),
      ...(range && { 'Content-Range': `bytes ${start}-${end}/${BLOB_BYTES}` }),
    })
    response.end(request.method === 'GET' ? Buffer.alloc(end - start + 1) : undefined)
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
