import { request as requestOverHttp } from 'node:http'
import type { Config, ListenAddress } from '../config/config.ts'
import { formatListenAddress } from '../config/listen-address.ts'
import { PortolanError } from '../errors.ts'

/** In bytes; what the admin service says of its health is a hundred. */
const BODY_MAX = 4096

/** What the admin service answered. */
export interface AdminAnswer {
  readonly url: string
  readonly status: number
  /** What it said beside the status, where that was JSON. */
  readonly said: Readonly<Record<string, unknown>>
}

/**
 * Asks the admin service of a config, on the machine that it runs on and past any proxy. Throws `USAGE` where the config
 * does not say where it is, and `UNREACHABLE` where nobody answers within so many milliseconds.
 */
export async function askAdmin(
  { admin }: Pick<Config, 'admin'>,
  path: string,
  timeout: number,
): Promise<AdminAnswer> {
  if (admin === undefined) throw new PortolanError('USAGE', 'admin is "off": there is no service to ask')
  if (admin.port === 0) {
    const message = `admin is "${formatListenAddress(admin)}", a free port that nobody else knows: name a port`
    throw new PortolanError('USAGE', message)
  }
  const end = AbortSignal.timeout(timeout)
  let failure: unknown
  for (const host of waysTo(admin)) {
    const url = `http://${formatListenAddress({ host, port: admin.port })}${path}`
    try {
      return { url, ...(await ask(url, end)) }
    } catch (error) {
      failure ??= unreachable(url, error, end.aborted ? timeout : undefined)
    }
  }
  throw failure
}

/** Where a listener of every interface is met from the same machine; of one interface, there. */
function waysTo({ host }: ListenAddress): readonly string[] {
  if (host === '0.0.0.0') return ['127.0.0.1']
  if (host === '::') return ['::1', '127.0.0.1']
  return host === '' ? ['127.0.0.1', '::1'] : [host]
}

function ask(url: string, signal: AbortSignal): Promise<Omit<AdminAnswer, 'url'>> {
  return new Promise((resolve, reject) => {
    // A connection of its own, so that no proxy of the environment comes between; and a Host that it answers to.
    const asked = requestOverHttp(
      url,
      { agent: false, signal, headers: { Host: 'localhost' } },
      async (reply) => {
        const chunks: Buffer[] = []
        let length = 0
        try {
          for await (const chunk of reply) {
            chunks.push(chunk)
            length += chunk.length
            if (length > BODY_MAX) break
          }
          resolve({ status: reply.statusCode ?? 0, said: readObject(Buffer.concat(chunks).toString()) })
        } catch (error) {
          reject(error)
        }
      },
    )
    asked.on('error', reject).end()
  })
}

/** Nothing, of what is no JSON object: a stranger may listen there. */
function readObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}

function unreachable(url: string, cause: unknown, timeout?: number): PortolanError {
  const reason =
    timeout === undefined
      ? cause instanceof Error
        ? cause.message
        : String(cause)
      : `no answer within ${timeout} ms`
  return new PortolanError('UNREACHABLE', `${url}: ${reason}`, { url }, cause)
}
