import { type IncomingMessage, request as requestOverHttp } from 'node:http'
import { request as requestOverTls } from 'node:https'
import type { Config, ListenAddress, TlsConfig } from '../config/config.ts'
import { formatListenAddress } from '../config/listen-address.ts'
import { PortolanError } from '../errors.ts'
import { ACTION_HEADER } from '../server/cache-admin.ts'
import { readPemFile } from './served-identity.ts'

/** In bytes; what the admin service says of its health is a hundred, of a mirror much more. */
const BODY_MAX = 1024 * 1024

/** What an action needs; see the admin service. */
const ACTION = { [ACTION_HEADER]: 'portolan', 'Content-Length': '0' }

/** What the admin service answered. */
export interface AdminAnswer {
  readonly url: string
  readonly status: number
  /** What it said beside the status, where that was JSON. */
  readonly said: Readonly<Record<string, unknown>>
}

/**
 * Asks the admin service of a config, on the machine that it runs on and past any proxy. Throws `USAGE` where the config
 * does not say where it is, `FILE_UNREADABLE` for what it asks clients for and is not to be read, and `UNREACHABLE` where
 * nobody answers within so many milliseconds.
 */
export async function askAdmin(
  { admin, adminTls }: Pick<Config, 'admin' | 'adminTls'>,
  path: string,
  timeout: number,
  { method = 'GET' }: { readonly method?: 'GET' | 'POST' } = {},
): Promise<AdminAnswer> {
  if (admin === undefined) throw new PortolanError('USAGE', 'admin is "off": there is no service to ask')
  if (admin.port === 0) {
    const message = `admin is "${formatListenAddress(admin)}", a free port that nobody else knows: name a port`
    throw new PortolanError('USAGE', message)
  }
  const end = AbortSignal.timeout(timeout)
  const identity = await identityFor(adminTls)
  let failure: unknown
  for (const host of waysTo(admin)) {
    const origin = `${adminTls === undefined ? 'http' : 'https'}://${formatListenAddress({ host, port: admin.port })}`
    const url = `${origin}${path}`
    try {
      return { url, ...(await ask(url, method, end, identity)) }
    } catch (error) {
      failure ??= unreachable(url, end.aborted ? `no answer within ${timeout} ms` : error)
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

interface ClientIdentity {
  readonly cert?: string
  readonly key?: string
}

/** What shows a service that wants to know its clients that this is its own machine: its own certificate. */
async function identityFor(tls: TlsConfig | undefined): Promise<ClientIdentity> {
  if (tls?.clientCA === undefined) return {}
  const [cert, key] = await Promise.all([readPemFile(tls.certificate), readPemFile(tls.key)])
  return { cert: cert.text, key: key.text }
}

function ask(
  url: string,
  method: string,
  signal: AbortSignal,
  identity: ClientIdentity,
): Promise<Omit<AdminAnswer, 'url'>> {
  // A connection of its own, so that no proxy of the environment comes between; and a Host that the service answers to.
  const common = {
    agent: false,
    signal,
    method,
    headers: { Host: 'localhost', ...(method === 'POST' && ACTION) },
  }
  return new Promise((resolve, reject) => {
    const take = (reply: IncomingMessage) => readAnswer(reply).then(resolve, reject)
    const request = url.startsWith('https:')
      ? // Its certificate is for the names that others ask for, and nothing is sent to it that has to stay secret.
        requestOverTls(url, { ...common, ...identity, rejectUnauthorized: false }, take)
      : requestOverHttp(url, common, take)
    request.on('error', reject).end()
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

function unreachable(url: string, cause: unknown): PortolanError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new PortolanError('UNREACHABLE', `${url}: ${reason}`, { url }, cause)
}
