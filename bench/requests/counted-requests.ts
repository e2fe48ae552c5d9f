import { request as ask, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Requests of one kind of store by what they are billed as. */
export interface Billed {
  write: number
  list: number
  read: number
  /** Deletions cost nothing anywhere. */
  free: number
}

export type Bill = keyof Billed

/** Dollars for 1,000 requests, by public list prices. */
export interface Prices {
  readonly write: number
  readonly list: number
  readonly read: number
}

/** What a request is billed as, by its method and its target. */
export type BillOf = (method: string, target: string) => Bill

/** S3 and Cloud Storage bill lists like writes, and so all that is no GET or HEAD of an object. */
export const billOfS3: BillOf = (method, target) => {
  if (method === 'DELETE') return 'free'
  if (/[?&](list-type|uploads|uploadId)\b/.test(target) && method === 'GET') return 'list'
  return method === 'GET' || method === 'HEAD' ? 'read' : 'write'
}

export const billOfGcs: BillOf = (method, target) => {
  if (method === 'DELETE') return 'free'
  if (method !== 'GET') return 'write'
  return /\/o(\?|$)/.test(target) ? 'list' : 'read'
}

export const billOfAzure: BillOf = (method, target) => {
  if (method === 'DELETE') return 'free'
  if (method === 'GET' && /[?&]comp=list\b/.test(target)) return 'list'
  return method === 'GET' || method === 'HEAD' ? 'read' : 'write'
}

/** Adds up requests, as `METHOD /target`. */
export function billed(requests: readonly string[], billOf: BillOf): Billed {
  const sums: Billed = { write: 0, list: 0, read: 0, free: 0 }
  for (const request of requests) {
    const [method = '', target = ''] = request.split(' ')
    sums[billOf(method, target)]++
  }
  return sums
}

/** A way to a server on which requests are noted. */
export interface Counter extends AsyncDisposable {
  readonly origin: string
  readonly requests: string[]
}

/** Stands before a server that does not tell what it was asked. */
export async function startCounter(target: string): Promise<Counter> {
  const requests: string[] = []
  const { hostname, port } = new URL(target)
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`)
    const { method, url: path, headers } = request
    const onward = ask({ hostname, port, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers)
      answer.pipe(response)
    })
    onward.on('error', () => response.destroy())
    request.pipe(onward)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
