import type { Fetch } from '../../runtime.ts'
import { TimeoutError } from '../../transport/timeout.ts'
import { watchBody } from '../../transport/watch-body.ts'
import { redact } from '../errors/redact.ts'
import { portOf } from './connect-to.ts'
import { type AnswerFacts, type Exchange, type Family, PullFault } from './facts.ts'
import { faultOf } from './fault-of.ts'
import { inTime, type NetworkRuntime } from './in-time.ts'
import { openWay } from './open-way.ts'
import type { NetworkView } from './view.ts'

/** Longer headers are no news. */
const SHOWN_MAX = 200

/**
 * A `fetch` for GET that takes each step by itself, on a connection of its own, and notes in `exchanges` what it learns.
 * Rejects with a {@link PullFault}. `what` says what the pull wants at this moment.
 */
export function createProbe(
  family: Family,
  view: NetworkView,
  runtime: NetworkRuntime,
  exchanges: Exchange[],
  what: () => string,
): Fetch {
  return async (target, init) => {
    const url = new URL(target)
    const exchange = beginExchange(url, what())
    exchanges.push(exchange)
    try {
      const way = await openWay(url, family, view, runtime, exchange)
      const begun = runtime.now()
      const headers = {
        Host: url.host,
        'User-Agent': runtime.userAgent,
        Connection: 'close',
        ...Object.fromEntries(new Headers(init.headers)),
        ...way.headers,
      }
      const path = way.isProxied ? url.href : `${url.pathname}${url.search}`
      const answer = await inTime(runtime, view.timeout, (signal) =>
        way.connection.get(path, headers, signal),
      ).catch((error) => {
        way.connection.close()
        throw error
      })
      exchange.answer = answerFacts(answer, Math.round(runtime.now() - begun), runtime)
      return watchBody(answer, {
        read: (read) => readInTime(read, view.timeout, runtime, () => way.connection.close()),
      })
    } catch (error) {
      exchange.fault = faultOf(error)
      throw error instanceof PullFault ? error : new PullFault(exchange.fault)
    }
  }
}

function beginExchange(url: URL, what: string): Exchange {
  return {
    what,
    url: redact(`${url.origin}${url.pathname}`),
    host: url.hostname,
    port: portOf(url),
    tries: [],
  }
}

/** A body that stands still for longer than a step may take has stalled. */
async function readInTime<Result>(
  read: () => Promise<Result>,
  timeout: number,
  runtime: NetworkRuntime,
  close: () => void,
): Promise<Result> {
  try {
    return await inTime(runtime, timeout, read)
  } catch (error) {
    close()
    if (error instanceof TimeoutError)
      throw new PullFault({
        cause: 'timeout',
        detail: `nothing more came for ${timeout} ms in the middle of a body`,
      })
    throw new PullFault({ cause: 'truncated', detail: `the body ended too early: ${faultOf(error).detail}` })
  }
}

function answerFacts(
  { status, headers }: Response,
  milliseconds: number,
  { date }: NetworkRuntime,
): AnswerFacts {
  const shown = (name: string) => headers.get(name)?.slice(0, SHOWN_MAX)
  const type = shown('Content-Type')?.split(';')[0]?.trim().toLowerCase()
  const [server, via, retryAfter] = [shown('Server'), shown('Via'), shown('Retry-After')]
  const theirs = Date.parse(headers.get('Date') ?? '')
  return {
    status,
    ...(type && { type }),
    ...(server !== undefined && { server: redact(server) }),
    ...(via !== undefined && { via: redact(via) }),
    ...(retryAfter !== undefined && { retryAfter }),
    ...(!Number.isNaN(theirs) && { clock: Math.round((theirs - date().getTime()) / 1000) }),
    milliseconds,
  }
}
