import { Agent, request } from 'node:http'
import { ownerOf } from './connection-owner.ts'
import { until } from './until.ts'

/** What a worker answered. */
export interface WorkerReply {
  readonly status: number
  readonly location: string | undefined
  readonly connection: string | undefined
  /** What the door calls the request, with `debug`. */
  readonly id: string | undefined
}

/** A client whose connection stays with one of several processes that share a port. */
export interface WorkerClient extends Disposable {
  readonly pid: number
  get(target: string, headers?: Readonly<Record<string, string>>): Promise<WorkerReply>
}

/** Connects again and again until the connection is with the process that is wanted. */
export async function connectToWorker(
  port: number,
  pid: number,
  pids: readonly number[],
): Promise<WorkerClient> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const client = await connect(port, pids)
    if (client.pid === pid) return client
    client[Symbol.dispose]()
  }
  throw new Error(`no connection came to process ${pid}`)
}

async function connect(port: number, pids: readonly number[]): Promise<WorkerClient> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const get = (target: string, headers: Readonly<Record<string, string>> = {}) =>
    new Promise<WorkerReply & { readonly clientPort: number }>((resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port, path: target, headers, agent }, (reply) => {
        const { localPort: clientPort = 0 } = reply.socket
        const { location, connection, 'portolan-request-id': id } = reply.headers
        reply.resume().on('end', () =>
          resolve({
            ...{ status: reply.statusCode!, location, connection, clientPort },
            id: typeof id === 'string' ? id : undefined,
          }),
        )
      })
      sent.on('error', reject)
      sent.end()
    })
  const { clientPort } = await get('/v2/')
  let pid: number | undefined
  await until('the owner of a connection', () => {
    pid = ownerOf(clientPort, pids)
    return pid !== undefined
  })
  return {
    pid: pid!,
    get,
    [Symbol.dispose]: () => agent.destroy(),
  }
}
