import { isRefusal } from '../config/refusal.ts'
import { isFault } from '../oci/errors.ts'
import type { Exposition } from '../telemetry/text-format.ts'
import { isAdminHost } from './admin-host.ts'
import { ACTION_HEADER, type CacheAdmin, readEviction } from './cache-admin.ts'
import { readFrom } from './explained-client.ts'
import type { Explainer } from './explainer.ts'
import { faultReply } from './fault-reply.ts'
import type { Readiness } from './readiness.ts'
import type { DoorReply } from './reply.ts'
import type { Door, DoorRequest } from './request.ts'

/** What the admin listener is told about the door; values are written as JSON. */
export interface AdminParts {
  /** Where the door takes requests, such as `0.0.0.0:8080` or `https://0.0.0.0:8443`; `undefined` before it does and once it drains. */
  readonly listening: () => string | undefined
  /** Whether clients should be sent here. */
  readonly readiness: () => Readiness
  readonly backends: () => unknown
  /** The config in force. */
  readonly config: () => unknown
  /** What became of the last reload. */
  readonly reload: () => unknown
  /** What is made of clients that come back. */
  readonly retries: () => Promise<unknown>
  /** Where addresses are from, where ranges are in force. */
  readonly ranges?: () => unknown
  /** Who pays for backends, and how far what they give goes. */
  readonly sponsors?: () => unknown
  /** What is planned for an old name, and how it stands; `undefined` where there is none. */
  readonly legacy: () => unknown
  /** Which images a mirror always has, and which of them are missing. */
  readonly pinned?: () => unknown
  readonly explain: Explainer
  /** Names under which it may be reached, beside addresses and names that nobody can register; lower case. */
  readonly hosts: () => readonly string[]
  /** What a mirror keeps. */
  readonly cache?: CacheAdmin | undefined
  /** What Prometheus scrapes. */
  readonly metrics?: () => Promise<Exposition>
}

/** Answers one path from its query. */
type Route = (query: URLSearchParams) => DoorReply | Promise<DoorReply>

/** The operator's own listener: what the door knows, and why it does what it does. Never for the public. */
export function createAdmin(parts: AdminParts): Door {
  const { listening, backends, config, reload, ranges, sponsors, pinned, explain, cache, metrics } = parts
  const routes: Readonly<Record<string, Route>> = {
    '/': () => json(200, { door: listening() ?? null, paths }),
    '/healthz': () => json(200, { status: 'ok' }),
    '/readyz': () => {
      const { isReady, ...more } = parts.readiness()
      return json(isReady ? 200 : 503, { status: isReady ? 'ready' : 'not ready', ...more })
    },
    '/backends': () => json(200, { backends: backends() }),
    '/config': () => json(200, config()),
    '/reload': () => json(200, reload()),
    '/retries': async () => json(200, await parts.retries()),
    '/legacy': () => {
      const report = parts.legacy()
      return report === undefined ? NO_OLD_NAME : json(200, report)
    },
    '/explain': (query) => answerExplain(query, explain),
    ...(sponsors && { '/sponsors': () => json(200, sponsors()) }),
    ...(pinned && { '/pinned': () => json(200, pinned()) }),
    ...(ranges && { '/ranges': () => json(200, ranges()) }),
    ...(cache && { '/mirror': () => json(200, cache.status()) }),
    ...(metrics && { '/metrics': async () => exposed(await metrics()) }),
  }
  const actions: Readonly<Record<string, Route>> = cache === undefined ? {} : actionsOf(cache)
  const paths = [...Object.keys(routes), ...Object.keys(actions)]

  return (request) => {
    const { method, target } = request
    if (!isAdminHost(request.header('host'), parts.hosts())) return FOREIGN_HOST
    const mark = target.indexOf('?')
    const path = mark < 0 ? target : target.slice(0, mark)
    const query = new URLSearchParams(mark < 0 ? '' : target.slice(mark))
    if (Object.hasOwn(actions, path)) return act(request, () => actions[path]!(query))
    if (method !== 'GET' && method !== 'HEAD') {
      return faultReply({ code: 'UNSUPPORTED', message: 'GET and HEAD only' }, 405, { Allow: 'GET, HEAD' })
    }
    if (!Object.hasOwn(routes, path)) {
      return faultReply({ code: 'UNSUPPORTED', message: `known paths: ${paths.join(', ')}` })
    }
    return routes[path]!(query)
  }
}

function act(
  request: DoorRequest,
  action: () => DoorReply | Promise<DoorReply>,
): DoorReply | Promise<DoorReply> {
  if (request.method !== 'POST') {
    return faultReply({ code: 'UNSUPPORTED', message: 'POST only' }, 405, { Allow: 'POST' })
  }
  if (request.header(ACTION_HEADER.toLowerCase()) === undefined) {
    return faultReply({ code: 'DENIED', message: `an action needs the header ${ACTION_HEADER}` }, 403)
  }
  return action()
}

/** What an operator can have done to what a mirror keeps. */
function actionsOf(cache: CacheAdmin): Readonly<Record<string, Route>> {
  return {
    '/mirror/verify': () => json(202, cache.verify()),
    '/mirror/evict': async (query) => {
      const choice = readEviction(query)
      if (isRefusal(choice)) return refusal(`the query ${choice.refused}`)
      return json(200, await cache.evict(choice))
    },
  }
}

const NO_OLD_NAME = faultReply({ code: 'UNSUPPORTED', message: 'the config has no legacy' })

const FOREIGN_HOST = faultReply(
  {
    code: 'DENIED',
    message:
      'the admin service does not answer to this Host; adminHosts in the config lists the names it has',
  },
  403,
)

const EXPLAIN_PARAMETERS = ['target', 'from', 'method', 'ask', 'host', 'down']

async function answerExplain(query: URLSearchParams, explain: Explainer): Promise<DoorReply> {
  const unknown = [...query.keys()].find((name) => !EXPLAIN_PARAMETERS.includes(name))
  if (unknown !== undefined) {
    return refusal(`there is no parameter ${show(unknown)}; they are ${EXPLAIN_PARAMETERS.join(', ')}`)
  }
  const target = query.get('target')
  if (target === null) return refusal('target is required: a path and query, such as /v2/pause/manifests/3.9')
  const from = readFrom(query.get('from') ?? '')
  if (isRefusal(from)) return refusal(`from is ${show(query.get('from'))}: it ${from.refused}`)
  const method = query.get('method') ?? 'GET'
  if (method !== 'GET' && method !== 'HEAD') {
    return refusal(`method is ${show(method)}; expected GET or HEAD`)
  }
  const ask = query.get('ask') ?? 'true'
  if (ask !== 'true' && ask !== 'false') return refusal(`ask is ${show(ask)}; expected true or false`)
  const host = query.get('host') ?? undefined
  const down = query.getAll('down')
  const explanation = await explain({ target, from, method, ask: ask === 'true', host, down })
  return isFault(explanation) ? faultReply(explanation, 400) : json(200, explanation)
}

function refusal(message: string): DoorReply {
  return faultReply({ code: 'UNSUPPORTED', message }, 400)
}

function show(value: string | null): string {
  return value === null ? 'missing' : JSON.stringify(value.slice(0, 64))
}

function exposed({ contentType, text }: Exposition): DoorReply {
  return reply(200, contentType, text)
}

function json(status: number, value: unknown): DoorReply {
  return reply(status, 'application/json', `${JSON.stringify(value)}\n`)
}

function reply(status: number, contentType: string, body: string): DoorReply {
  return {
    status,
    headers: {
      'Content-Type': contentType,
      'Content-Length': String(new TextEncoder().encode(body).length),
      'Cache-Control': 'no-store',
    },
    body,
  }
}
