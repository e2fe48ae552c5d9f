import { type IncomingMessage, request as requestOverHttp } from 'node:http'
import { request as requestOverTls } from 'node:https'
import type { Config, ListenAddress, TlsConfig } from '../config/config.ts'
import { formatListenAddress } from '../config/listen-address.ts'
import { PortolanError } from '../errors.ts'
import { readPemFile } from './served-identity.ts'

/** In bytes; what the admin service says of its health is a hundred. */
const BODY_MAX = 4096

/** What the admin service answered. */
export interface AdminAnswer {
  readonly url: string
  readonly status: number
  /** What it said beside the status, where that was JSON. */
  readonly said: Readonly<Record<string, unknown>>
}

/** What a request over TLS shows; absent where the admin service speaks none. */
type Shown = { readonly cert?: string; readonly key?: string } | undefined

/**
 * Asks the admin service of a config, on the machine that it runs on and past any proxy. Throws `USAGE` where the config
 * does not say where it is, and `UNREACHABLE` where nobody answers within so many milliseconds.
 *
 * Over TLS it takes any certificate, as the kubelet does, since the name in it is not that of a loopback address. What it
 * shows is the admin service's own, in case that asks for one.
 */
export async function askAdmin(
  { admin, adminTls }: Pick<Config, 'admin' | 'adminTls'>,
  path: string,
  timeout: number,
): Promise<AdminAnswer> {
  if (admin === undefined) throw new PortolanError('USAGE', 'admin is "off": there is no service to ask')
  if (admin.port === 0) {
    const message = `admin is "${formatListenAddress(admin)}", a free port that nobody else knows: name a port`
    throw new PortolanError('USAGE', message)
  }
  const end = AbortSignal.timeout(timeout)
  const shown = adminTls && (await readShown(adminTls))
  let failure: unknown
  for (const host of waysTo(admin)) {
    const url = `${shown === undefined ? 'http' : 'https'}://${formatListenAddress({ host, port: admin.port })}${path}`
    try {
      return { url, ...(await ask(url, shown, end)) }
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

/** Nothing, where this process may not read it: most often nobody asks for it. */
async function readShown({ certificate, key }: TlsConfig): Promise<NonNullable<Shown>> {
  try {
    const [{ text: cert }, { text }] = await Promise.all([readPemFile(certificate), readPemFile(key)])
    return { cert, key: text }
  } catch {
    return {}
  }
}

function ask(url: string, shown: Shown, signal: AbortSignal): Promise<Omit<AdminAnswer, 'url'>> {
  return new Promise((resolve, reject) => {
    // A connection of its own, so that no proxy of the environment comes between; and a Host that it answers to.
    const options = { agent: false, signal, headers: { Host: 'localhost' } } as const
    const read = (reply: IncomingMessage) => void readAnswer(reply).then(resolve, reject)
    const asked =
      shown === undefined
        ? requestOverHttp(url, options, read)
        : requestOverTls(url, { ...options, ...shown, rejectUnauthorized: false }, read)
    asked.on('error', reject).end()
  })
}

async function readAnswer(reply: IncomingMessage): Promise<Omit<AdminAnswer, 'url'>> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of reply) {
    chunks.push(chunk)
    length += chunk.length
    if (length > BODY_MAX) break
  }
  return { status: reply.statusCode ?? 0, said: readObject(Buffer.concat(chunks).toString()) }
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
