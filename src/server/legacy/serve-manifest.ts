import { PortolanError } from '../../errors.ts'
import { within } from '../../internal/within.ts'
import type { OciRequest } from '../../oci/path.ts'
import type { Relay } from '../../relay/relay.ts'
import type { RouteSources } from '../../routing/route.ts'
import type { Runtime } from '../../runtime.ts'
import { answerContent } from '../answer-content.ts'
import type { Policy } from '../in-force.ts'
import type { Mirrored } from '../mirror.ts'
import { Choice } from '../relay-choice.ts'
import type { Asking } from './asking.ts'

/**
 * How long a client waits for a manifest with a warning, in milliseconds: one upstream that hangs after another would take
 * longer than clients wait for headers, and then the pull would be lost, and not the warning alone.
 */
const SERVE_MAX = 5000

/** The phase changes, and no cache may keep what it was before. */
export const NOT_SHARED = { 'Cache-Control': 'private, no-cache' }

/** Where manifests are had from. */
export interface ServeParts {
  /** The old name. */
  readonly host: string
  readonly policy: () => Policy
  readonly sources: Omit<RouteSources, 'notice'>
  readonly relay: Relay
  readonly runtime: Pick<Runtime, 'log' | 'after'>
}

/**
 * The manifest itself, with a `Warning`: clients read it of the last answer alone, and so never of a redirect. `undefined`
 * where it cannot be had here, or not in time, for the client may have it where it would be sent otherwise. Never rejects.
 */
export function serveManifest(
  request: OciRequest & { kind: 'manifest' },
  warning: string,
  asking: Asking,
  parts: ServeParts,
): Promise<Mirrored | undefined> {
  // What comes too late is there for whoever asks next.
  return within(parts.runtime, SERVE_MAX, serve(request, warning, asking, parts), undefined)
}

async function serve(
  request: OciRequest & { kind: 'manifest' },
  warning: string,
  { sender, parsed, client }: Asking,
  { host, policy, sources, relay, runtime }: ServeParts,
): Promise<Mirrored | undefined> {
  const { method } = parsed
  const registry = {
    config: { host },
    get view() {
      return policy().view
    },
  }
  const choice = new Choice({ method, request, query: '', client }, registry, { policy, sources })
  const repository = relay.repository(choice)
  const header = (name: string) => sender.header(name)
  try {
    const reply = await answerContent({ repository: () => repository }, request, {
      method,
      query: '',
      header,
    })
    if (reply.status >= 400) return undefined
    const headers = { ...reply.headers, ...NOT_SHARED, Warning: warning }
    return { reply: { ...reply, headers }, ...(choice.decision && { decision: choice.decision }) }
  } catch (error) {
    const level = error instanceof PortolanError ? 'debug' : 'error'
    runtime.log[level]({ target: sender.target, err: error }, 'a manifest of an old name could not be served')
    return undefined
  }
}
