import { faultReply } from './fault-reply.ts'
import type { DoorReply } from './reply.ts'
import type { Door } from './request.ts'

/** What the admin listener is told about the door. */
export interface AdminParts {
  /** Whether the door takes requests: false before it listens and once it drains. */
  readonly ready: () => boolean
}

/** The operator's own listener: liveness and readiness. */
export function createAdmin({ ready }: AdminParts): Door {
  return ({ method, target }) => {
    if (method !== 'GET' && method !== 'HEAD') {
      return faultReply({ code: 'UNSUPPORTED', message: 'GET and HEAD only' }, 405, { Allow: 'GET, HEAD' })
    }
    switch (target) {
      case '/healthz':
        return json(200, { status: 'ok' })
      case '/readyz':
        return ready() ? json(200, { status: 'ready' }) : json(503, { status: 'not ready' })
      default:
        return faultReply({ code: 'UNSUPPORTED', message: 'known paths: /healthz, /readyz' })
    }
  }
}

function json(status: number, value: unknown): DoorReply {
  const body = `${JSON.stringify(value)}\n`
  return {
    status,
    headers: {
      'Content-Type': 'application/json',
      'Content-Length': String(new TextEncoder().encode(body).length),
      'Cache-Control': 'no-store',
    },
    body,
  }
}
