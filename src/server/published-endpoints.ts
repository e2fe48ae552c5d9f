import { importPublicKey, verifyBytes } from '../backends/ownership/ownership-key.ts'
import type { Config, EndpointsConfig } from '../config/config.ts'
import type { Remark } from '../config/fault.ts'
import { dayOf } from '../endpoints/day.ts'
import { readStatement } from '../endpoints/read-statement.ts'
import { type Standing, standingOf } from '../endpoints/standing.ts'
import type { EndpointsStatement } from '../endpoints/statement.ts'
import { PortolanError } from '../errors.ts'
import type { Backend } from '../routing/backend.ts'
import type { DoorReply } from './reply.ts'
import type { DoorRuntime } from './runtime.ts'

type Reader = Pick<DoorRuntime, 'readText' | 'date'>

/** What a statement says of the hosts of backends, and what a door answers for it. */
export class PublishedEndpoints {
  readonly statement: EndpointsStatement
  readonly #replies: Readonly<Record<'endpoints' | 'endpoints-signature', DoorReply>>

  private constructor(statement: EndpointsStatement, text: string, signature: string) {
    this.statement = statement
    this.#replies = {
      endpoints: documentReply('application/json', text),
      'endpoints-signature': documentReply('text/plain; charset=utf-8', signature),
    }
  }

  /**
   * Reads what a config publishes; `undefined` where it publishes nothing. Throws `CONFIG_INVALID` for a statement that
   * is not signed by the key, has faults, is older than the one in force, or leaves the canonical upstream out.
   */
  static async open(
    { endpoints, upstreams }: Config,
    { readText, date }: Reader,
    before?: PublishedEndpoints,
  ): Promise<PublishedEndpoints | undefined> {
    if (endpoints === undefined) return undefined
    if (readText === undefined) throw invalid('endpoints', 'this runtime has no files')
    const { file } = endpoints
    const text = await readFile(file, readText)
    const signature = await readFile(`${file}.sig`, readText)
    const statement = await readSigned(text, signature, endpoints)
    if (before !== undefined && statement.serial < before.statement.serial) {
      const newer = before.statement.serial
      throw invalid(file, `has serial ${statement.serial}, which is older than ${newer}, the one in force`)
    }
    const published = new PublishedEndpoints(statement, text, signature)
    const { id, url } = upstreams.find(({ canonical }) => canonical)!
    const standing = published.#standingOf(url, dayOf(date().getTime()))
    if (standing.kind !== 'open') {
      throw invalid(file, `no pull would work: ${url}, the canonical upstream ${id}, ${wordsOf(standing)}`)
    }
    return published
  }

  /** How a backend stands on the day of this moment, in milliseconds since 1970; the door's own content is always open. */
  standingOf(backend: Backend, now: number): Standing {
    return this.#standingOf(backend.url, dayOf(now))
  }

  /** Why no client may be sent to a URL on the day of `now`, in words that follow its host; `undefined` where they may. */
  closedAt(url: string, now: number): string | undefined {
    const standing = this.#standingOf(url, dayOf(now))
    return standing.kind === 'open' ? undefined : wordsOf(standing)
  }

  /**
   * Which of these backends get no client on the day of `now`, and why not. The canonical upstream is none of them while a
   * door runs, whatever the day: without it no pull would work.
   */
  closed(backends: Iterable<Backend>, now: number): ReadonlyMap<Backend, string> {
    const closed = new Map<Backend, string>()
    for (const backend of backends) {
      if (backend.kind === 'upstream' && backend.canonical) continue
      const standing = this.standingOf(backend, now)
      if (standing.kind !== 'open') closed.set(backend, `its host ${wordsOf(standing)}`)
    }
    return closed
  }

  /** The same of a config, as warnings. */
  remarksOn({ upstreams, stores }: Config, now: number): Remark[] {
    const today = dayOf(now)
    const remarks: Remark[] = []
    for (const [key, backends] of [['upstreams', upstreams] as const, ['stores', stores] as const]) {
      for (const [index, { url }] of backends.entries()) {
        const standing = this.#standingOf(url, today)
        if (standing.kind === 'open') continue
        const message = `gets no clients, since its host ${wordsOf(standing)}`
        remarks.push({ path: [key, index, 'url'], message })
      }
    }
    return remarks
  }

  reply(document: 'endpoints' | 'endpoints-signature'): DoorReply {
    return this.#replies[document]
  }

  #standingOf(url: string | undefined, today: string): Standing {
    return url === undefined ? { kind: 'open' } : standingOf(this.statement, url, today)
  }
}

/** Why no client is sent to a host, in words that follow its name. */
export function wordsOf(standing: Exclude<Standing, { kind: 'open' }>): string {
  switch (standing.kind) {
    case 'unpublished':
      return 'is not among the published endpoints'
    case 'not-yet':
      return `is published for clients from ${standing.from} on`
    case 'over':
      return `was published for clients until ${standing.until}`
  }
}

async function readSigned(
  text: string,
  signature: string,
  { file, publicKey }: EndpointsConfig,
): Promise<EndpointsStatement> {
  const key = await importPublicKey(publicKey)
  if (!(await verifyBytes(new TextEncoder().encode(text), signature.trim(), key))) {
    throw invalid(file, `is not what ${file}.sig signs by the key of the config`)
  }
  const statement = readStatement(text)
  if ('faults' in statement) throw invalid(file, statement.faults.join('; '))
  return statement
}

async function readFile(file: string, readText: (file: string) => Promise<string>): Promise<string> {
  try {
    return await readText(file)
  } catch (cause) {
    throw invalid(file, `cannot be read: ${(cause as Error).message}`, cause)
  }
}

function invalid(file: string, problem: string, cause?: unknown): PortolanError {
  return new PortolanError('CONFIG_INVALID', `endpoints: ${file} ${problem}`, { file }, cause)
}

/** It changes seldom, and is looked at by many. */
function documentReply(type: string, body: string): DoorReply {
  const length = String(new TextEncoder().encode(body).length)
  return {
    status: 200,
    headers: { 'Content-Type': type, 'Content-Length': length, 'Cache-Control': 'public, max-age=300' },
    body,
  }
}
