import { PortolanError } from '../../errors.ts'
import { parseDigest } from '../../oci/digest.ts'
import type { Platform } from '../../oci/manifest.ts'
import { MANIFEST_ACCEPT } from '../../oci/manifest.ts'
import type { Reference } from '../../oci/reference.ts'
import { withAuth } from '../../transport/auth.ts'
import { layered } from '../../transport/fetch.ts'
import { withRedirectGuard } from '../../transport/redirect-guard.ts'
import type { ExplainedRequest, PullSource } from '../pull-source.ts'
import { walkPull } from '../walk-pull.ts'
import { type Exchange, type Family, type Fault, type PullFacts, PullFault } from './facts.ts'
import { answerFault, isBlob, isPage, layerFault } from './fault-of.ts'
import type { NetworkRuntime } from './in-time.ts'
import { createProbe } from './probe.ts'
import { BlobSampler } from './sample-blob.ts'
import type { Endpoint, NetworkView } from './view.ts'

/** What is pulled, and for which machine. */
export interface ProbedImage {
  readonly reference: Reference
  readonly platform: Platform
}

/**
 * Pulls an image from one endpoint as its runtime would, over one family of addresses, without a login, and notes what each
 * step needed. Never rejects for what goes wrong there.
 */
export async function probePull(
  { reference, platform }: ProbedImage,
  endpoint: Endpoint,
  family: Family,
  view: NetworkView,
  runtime: NetworkRuntime,
): Promise<PullFacts> {
  const probing = new ProbingSource(endpoint, family, view, runtime)
  const { exchanges } = probing
  const common = { endpoint: endpoint.base, role: endpoint.role, family, exchanges }
  try {
    for await (const { what, answer } of walkPull(reference, probing, runtime, platform, true)) {
      if (!answer.works) return { ...common, works: false, failed: whyNot(exchanges, what, answer.note) }
    }
  } catch (error) {
    if (!(error instanceof PortolanError)) throw error
    // The answers were well: there is nothing for this platform.
    const at = exchanges.at(-1)!
    const failed = {
      what: at.what,
      host: at.host,
      port: at.port,
      cause: 'no-platform',
      detail: error.message,
    } as const
    return { ...common, works: false, failed }
  }
  return { ...common, works: true }
}

/** One endpoint as a walk asks it; what is learnt goes into `exchanges`. */
class ProbingSource implements PullSource<ExplainedRequest> {
  readonly exchanges: Exchange[] = []
  readonly #endpoint: Endpoint
  readonly #fetch: ReturnType<typeof layered>
  readonly #sampler: BlobSampler
  #what = ''

  constructor(endpoint: Endpoint, family: Family, view: NetworkView, runtime: NetworkRuntime) {
    this.#endpoint = endpoint
    const { authorities, isInsecure = false } = endpoint
    // What is named for a host is read anew for every pull.
    const late = view.late && {
      ...view.late,
      certificates: view.late.certificates.filter((pem) => !authorities.includes(pem)),
    }
    const trusting = {
      ...{ ...view, isInsecure, authorities: [...view.authorities, ...authorities] },
      ...(late && { late }),
    }
    // In the order of the house's own client: each hop passes auth anew, so that a token goes to the registry alone.
    this.#fetch = layered(
      createProbe(family, trusting, runtime, this.exchanges, () => this.#what),
      withRedirectGuard(runtime),
      withAuth(runtime, { url: new URL(endpoint.base).origin, credentials: async () => undefined }),
    )
    this.#sampler = new BlobSampler(this.#fetch, runtime, this.exchanges)
  }

  async explain(target: string): Promise<ExplainedRequest> {
    const { base, namespace, cut } = this.#endpoint
    const rest = target.slice(`/v2${cut === undefined ? '' : `/${cut}`}`.length)
    const query = namespace === undefined ? '' : `?ns=${encodeURIComponent(namespace)}`
    this.#what = describe(target)
    return {
      target,
      decision: { kind: 'redirect', location: `${base}${rest}${query}` },
    }
  }

  async get({ decision, target }: ExplainedRequest, range?: string): Promise<Response> {
    const url = decision.location!
    const headers = { Accept: `${MANIFEST_ACCEPT}, */*`, ...(range !== undefined && { Range: range }) }
    try {
      const answer = await this.#fetch(url, { method: 'GET', headers })
      if (range === undefined || !answer.ok) return answer
      const exchange = this.exchanges.at(-1)!
      exchange.range = answer.status === 206 ? 'honoured' : 'ignored'
      const digest = parseDigest(target.slice(target.lastIndexOf('/') + 1))
      if (digest !== undefined) await this.#sampler.sample(url, digest, exchange)
      return answer
    } catch (error) {
      const last = this.exchanges.at(-1)
      if (last !== undefined && !(error instanceof PullFault)) last.fault ??= layerFault(error, last)
      throw error
    }
  }

  end(): void {}
}

function describe(target: string): string {
  const [, kind, reference = ''] = /\/(manifests|blobs)\/([^/?]+)$/.exec(target) ?? []
  return kind === undefined ? 'list of tags' : `${kind === 'blobs' ? 'blob' : 'manifest'} ${reference}`
}

/** What the last exchange of a step says of why it failed; `note` is what the walk says of an answer that looks well. */
function whyNot(exchanges: readonly Exchange[], what: string, note = ''): NonNullable<PullFacts['failed']> {
  const last = exchanges.at(-1)!
  return { what, host: last.host, port: last.port, ...faultIn(last, note) }
}

function faultIn({ fault, answer, what }: Exchange, note: string): Fault {
  if (fault !== undefined) return fault
  if (answer !== undefined && (answer.status >= 400 || isPage(answer.type))) return answerFault(answer, what)
  const isOther = isBlob(what) || note.startsWith('bytes that are not')
  return { cause: isOther ? 'wrong-digest' : 'html-instead-of-json', detail: note }
}
