import { formatReference } from '../../oci/reference.ts'
import type { Step } from '../errors/cause.ts'
import { CAUSES } from '../errors/causes.ts'
import { allowList } from './allow-list.ts'
import type { Family, PullFacts } from './facts.ts'
import type { NetworkRuntime } from './in-time.ts'
import { judge, summarize } from './judge.ts'
import { rememberNames } from './name-servers.ts'
import { type ProbedImage, probePull } from './probe-pull.ts'
import { redactFacts } from './redact-facts.ts'
import type { NetworkReport, RuntimeFacts } from './report.ts'
import type { Endpoint, NetworkView } from './view.ts'

/** What is to be looked at. */
export interface Examination {
  readonly image: ProbedImage
  /** In the order in which the runtime asks them. */
  readonly endpoints: readonly Endpoint[]
  readonly view: NetworkView
  readonly facts: RuntimeFacts
  /** Said of a host that cannot be reached, such as where else a proxy is set. */
  readonly hint?: string
}

/** Steps whose faults a proxy may be the way around, which the runtime does not know. */
const OF_THE_WAY: readonly Step[] = ['dns', 'connect']

/**
 * Pulls an image from each endpoint of a runtime, over each family of addresses, as that runtime would, and says what keeps
 * it from working. Rejects for nothing that is wrong with the network.
 */
export async function examine(
  { image, endpoints, view, facts, hint }: Examination,
  lent: NetworkRuntime,
): Promise<NetworkReport> {
  const pulls: PullFacts[] = []
  const runtime = { ...lent, sockets: rememberNames(lent.sockets) }
  for (const endpoint of endpoints) {
    const { asked, first } = await probeFirst(image, endpoint, view, runtime)
    pulls.push(first)
    if (view.only === undefined && hasOther(first))
      pulls.push(await probePull(image, asked, 6, view, runtime))
  }
  return reportOf(image, facts, redactFacts(pulls), runtime.sockets.families(), hint)
}

function reportOf(
  image: ProbedImage,
  facts: RuntimeFacts,
  pulls: readonly PullFacts[],
  families: readonly Family[],
  hint: string | undefined,
): NetworkReport {
  const name = formatReference(image.reference)
  const failed = pulls.find(({ works }) => !works)?.failed
  const shown = failed !== undefined && OF_THE_WAY.includes(CAUSES[failed.cause].step) ? hint : undefined
  return {
    image: name,
    view: facts,
    pulls,
    checks: judge(facts, pulls, families),
    allow: allowList(pulls),
    summary: summarize(name, facts, pulls, families, shown),
  }
}

/** Where a runtime was told that plain HTTP will do, it is asked for when there is no TLS. */
async function probeFirst(
  image: ProbedImage,
  endpoint: Endpoint,
  view: NetworkView,
  runtime: NetworkRuntime,
) {
  const tried = await probePull(image, endpoint, view.only ?? 4, view, runtime)
  const isPlain = endpoint.isInsecure && tried.failed?.cause === 'plain-http'
  const asked = isPlain ? { ...endpoint, base: endpoint.base.replace(/^https:/, 'http:') } : endpoint
  const pull = isPlain ? await probePull(image, asked, view.only ?? 4, view, runtime) : tried
  return { asked, first: hasUsed(pull, 6) && !hasUsed(pull, 4) ? { ...pull, family: 6 as const } : pull }
}

function hasUsed({ exchanges }: PullFacts, family: Family): boolean {
  return exchanges.some(({ tries }) => tries.some((one) => one.family === family && one.fault === undefined))
}

/** Whether there is anything to be learnt over the other family: some host has addresses of both. */
function hasOther({ exchanges }: PullFacts): boolean {
  const both: readonly Family[] = [4, 6]
  return exchanges.some(({ addresses }) =>
    both.every((family) => (addresses?.[`ipv${family}`] ?? []).length > 0),
  )
}
