import { PortolanError } from '../errors.ts'
import type { Fetch } from '../runtime.ts'
import { readBody } from '../transport/read-body.ts'
import { reasonOf } from '../transport/reason.ts'

/** Asks as clients of the door do, anonymously, and counts the bytes that come. */
export class ClientRequests {
  readonly #fetch: Fetch
  bytes = 0

  constructor(fetch: Fetch) {
    this.#fetch = fetch
  }

  /** What is wrong with an answer, by its head or by what `check` finds; `undefined` when nothing is. */
  async attempt(
    url: string,
    headers: Readonly<Record<string, string>>,
    status: number,
    check: (response: Response) => string | undefined | Promise<string | undefined>,
  ): Promise<string | undefined> {
    const how = headers.Range === undefined ? '' : ` to Range: ${headers.Range}`
    try {
      // As most clients do, who would be given compressed bytes by a store that compresses.
      const init = { redirect: 'manual', headers: { 'Accept-Encoding': 'gzip', ...headers } } as const
      const response = await this.#fetch(url, init)
      const fault = faultOfHead(response, status)
      const found = fault === undefined ? await check(response) : `it answers${how} ${fault}`
      if (!response.bodyUsed) await response.body?.cancel()
      return found
    } catch (error) {
      // That the store refuses what is compared with is no matter of how it is served.
      if (error instanceof PortolanError) return undefined
      return `it does not answer${how}: ${reasonOf(error)}`
    }
  }

  /** The body of an answer; `undefined` when it is longer than `limit` bytes. */
  async read(response: Response, limit: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const body = await readBody(response, limit)
    this.bytes += body?.length ?? limit
    return body
  }
}

function faultOfHead({ status, headers }: Response, expected: number): string | undefined {
  if (status >= 300 && status < 400) return `${status}, a redirect; expected the bytes`
  if (status !== expected) return `${status}; expected ${expected}`
  const encoding = headers.get('content-encoding')
  if (encoding !== null && encoding !== 'identity') return `with Content-Encoding: ${encoding}; expected none`
  return undefined
}
