import { CAUSES, type CauseId } from '../errors/causes.ts'
import { fillIn } from '../errors/fill-in.ts'
import { SLOW } from './connect-to.ts'
import type { Exchange, Family, PullFacts } from './facts.ts'
import { sayInspected } from './inspecting-products.ts'
import { causeOf, sayNameServers } from './name-servers.ts'
import type { Check, RuntimeFacts, SettingFinding, Summary, Verdict } from './report.ts'

/** So far may a clock be off before what is signed for a time is taken for over or not yet begun, in seconds. */
const CLOCK_MAX = 300

/**
 * What facts mean, thing by thing. Pure. `families` are those of which this machine has an address: where it has no network,
 * nothing of the network is a fault of others.
 */
export function judge(view: RuntimeFacts, pulls: readonly PullFacts[], families: readonly Family[]): Check[] {
  const checks = checksOf(view, pulls)
  if (!hasNoNetwork(pulls, families)) return checks
  return checks.map(({ cause: _, ...check }) =>
    check.verdict === 'fail' && check.check !== 'settings' ? { ...check, verdict: 'unknown' } : check,
  )
}

function checksOf(view: RuntimeFacts, pulls: readonly PullFacts[]): Check[] {
  return [
    ...view.findings.map(ofSetting),
    ...hostsOf(pulls).flatMap(ofHost),
    ...pulls.map((pull) => ofPull(pull, pulls)),
  ]
}

/** Some runtimes follow a redirect to where only this machine can go, and go through proxies of other kinds. */
const NOT_TRIED: readonly CauseId[] = ['redirect-refused', 'proxy-untried']

/** What becomes of the pull then. */
const REST: Readonly<Partial<Record<Verdict, string>>> = {
  warn: '; the pull goes on elsewhere',
  unknown: '; a runtime may go there: that was not tried',
}

/** The one thing to know of all that was found. `families` are those of which this machine has an address. */
export function summarize(
  image: string,
  { runtime, unit = runtime, findings }: Pick<RuntimeFacts, 'runtime' | 'unit' | 'findings'>,
  pulls: readonly PullFacts[],
  families: readonly Family[],
  hint?: string,
): Summary {
  if (hasNoNetwork(pulls, families)) {
    const sentence = `nothing could be reached from here, so that nothing is known of ${image}: this machine has no way into a network`
    return { verdict: 'unknown', sentence, owner: 'this machine', try: ['`ip address; ip route`'] }
  }
  const first = pulls.find(({ works }) => !works)
  const broken = findings.find(({ effect }) => effect === 'broken')
  if (broken !== undefined) return ofFinding(broken, runtime, 'fail')
  if (first !== undefined) {
    const works = pulls.some(({ endpoint }) =>
      pulls.every((pull) => pull.endpoint !== endpoint || pull.works),
    )
    const verdict = first.failed !== undefined && NOT_TRIED.includes(first.failed.cause) ? 'unknown' : 'fail'
    return ofFailure({ image, runtime, unit }, first, pulls, works ? 'warn' : verdict, hint)
  }
  const unused = findings[0]
  if (unused !== undefined) return ofFinding(unused, runtime, 'warn')
  return { verdict: 'pass', sentence: `${runtimeName(runtime)} can pull ${image}`, try: [] }
}

function ofFailure(
  { image, runtime, unit }: { readonly image: string; readonly runtime: string; readonly unit: string },
  pull: PullFacts,
  pulls: readonly PullFacts[],
  verdict: Verdict,
  hint: string | undefined,
): Summary {
  const { cause, detail, what, host, port } = pull.failed!
  const last = pull.exchanges.at(-1)!
  const server = last.nameServers?.find((one) => one.fault !== undefined)?.server
  const filled = fillIn(CAUSES[cause], {
    host: host.replace(/^\[|\]$/g, ''),
    port,
    image,
    runtime: runtimeName(runtime),
    unit: unit.replace(/\.service$/, ''),
    url: last.url,
    ...(last.tries.length > 0 && { address: last.tries.at(-1)!.address }),
    ...(server !== undefined && { via: server }),
  })
  const other = pulls.find(
    ({ endpoint, family, works }) => endpoint === pull.endpoint && family !== pull.family && works,
  )
  const over = other === undefined ? '' : ` over IPv${pull.family}, and not over IPv${other.family}`
  const rest = REST[verdict] ?? ''
  return {
    verdict,
    sentence: `${filled.is}${over} (${detail}), asked for ${what}${rest}${hint === undefined ? '' : `; ${hint}`}`,
    cause,
    ...{ host, port, owner: filled.owner },
    try: filled.try,
  }
}

function ofFinding({ file, line, problem, fix }: SettingFinding, runtime: string, verdict: Verdict): Summary {
  const sentence = `the settings of ${runtimeName(runtime)} do not do what they say: ${file}:${line}: ${problem}`
  return { verdict, sentence, owner: 'this machine', try: [fix] }
}

function runtimeName(runtime: string): string {
  return runtime === 'shell' ? 'a program of this shell' : runtime
}

function hasNoNetwork(pulls: readonly PullFacts[], families: readonly Family[]): boolean {
  const tries = pulls.flatMap(({ exchanges }) => exchanges.flatMap((exchange) => exchange.tries))
  return families.length === 0 && tries.every(({ fault }) => fault?.cause === 'unreachable')
}

function ofSetting({ file, line, effect, problem, fix }: SettingFinding): Check {
  const verdict = effect === 'broken' ? 'fail' : 'warn'
  return { check: 'settings', at: `${file}:${line}`, verdict, says: `${problem}: ${fix}` }
}

/** A pull over a family that no host of it was asked over says nothing of that family. */
function ofPull(pull: PullFacts, all: readonly PullFacts[]): Check {
  const { endpoint, family, works, failed, exchanges } = pull
  const at = { check: 'pull', at: endpoint, family } as const
  const isOver = exchanges.some(({ tries }) =>
    tries.some((one) => one.family === family && one.fault === undefined),
  )
  const isKnown = isOver || !all.some((other) => other !== pull && other.endpoint === endpoint)
  if (!isKnown) return { ...at, verdict: 'unknown', says: `nothing was reached over IPv${family}` }
  if (works) return { ...at, verdict: 'pass', says: `all of it came, in ${exchanges.length} requests` }
  const { cause, detail, what, host, port } = failed!
  const verdict = NOT_TRIED.includes(cause) ? 'unknown' : 'fail'
  return { ...at, verdict, cause, says: `${what}, from ${host}:${port}: ${detail}` }
}

interface HostFacts {
  readonly at: string
  readonly exchanges: readonly Exchange[]
}

function hostsOf(pulls: readonly PullFacts[]): HostFacts[] {
  const hosts = new Map<string, Exchange[]>()
  for (const exchange of pulls.flatMap(({ exchanges }) => exchanges)) {
    const at = `${exchange.host}:${exchange.port}`
    hosts.set(at, [...(hosts.get(at) ?? []), exchange])
  }
  return [...hosts].map(([at, exchanges]) => ({ at, exchanges }))
}

function ofHost({ at, exchanges }: HostFacts): Check[] {
  return [
    ofNames(at, exchanges),
    ofConnections(at, exchanges),
    ofTls(at, exchanges),
    ofRange(at, exchanges),
    ofClock(at, exchanges),
  ].flat()
}

function ofNames(at: string, exchanges: readonly Exchange[]): Check {
  const fault = exchanges.find(
    ({ fault }) => fault !== undefined && CAUSES[fault.cause].step === 'dns',
  )?.fault
  if (fault !== undefined)
    return { check: 'dns', at, verdict: 'fail', cause: fault.cause, says: fault.detail }
  const known = exchanges.find(
    ({ addresses, proxy }) => addresses !== undefined && proxy === undefined,
  )?.addresses
  if (known === undefined) return { check: 'dns', at, verdict: 'unknown', says: 'the proxy looks it up' }
  const all = [...(known.ipv4 ?? []), ...(known.ipv6 ?? [])].join(', ')
  const slow = exchanges.find(({ lookedUpIn = 0 }) => lookedUpIn >= SLOW)
  if (slow === undefined) return { check: 'dns', at, verdict: 'pass', says: all }
  const failing = (slow.nameServers ?? []).filter((one) => one.fault !== undefined)
  const why = failing.length === 0 ? '' : `: ${sayNameServers(failing)}`
  return {
    ...{ check: 'dns', at, verdict: 'warn', says: `${all}, only after ${slow.lookedUpIn} ms${why}` },
    ...(failing.length > 0 && { cause: causeOf(failing) }),
  }
}

/** A family that cannot be reached is no fault where the other can: clients go on with that one. */
function ofConnections(at: string, exchanges: readonly Exchange[]): Check[] {
  const tries = exchanges.filter(({ proxy }) => proxy === undefined).flatMap((exchange) => exchange.tries)
  const isReached = tries.some(({ fault }) => fault === undefined)
  return ([4, 6] as const).map((family): Check => {
    const own = tries.filter((one) => one.family === family)
    const about = { check: 'connect', at, family } as const
    const [good] = own.filter(({ fault }) => fault === undefined)
    if (good !== undefined)
      return { ...about, verdict: 'pass', says: `${good.address} in ${good.milliseconds} ms` }
    const bad = own.find(({ fault }) => fault !== undefined)
    if (bad?.fault === undefined) return { ...about, verdict: 'unknown', says: 'not tried' }
    const { cause, detail } = bad.fault
    // No route over one family is what most machines have.
    const verdict = !isReached ? 'fail' : cause === 'unreachable' ? 'unknown' : 'warn'
    return { ...about, verdict, ...(verdict !== 'unknown' && { cause }), says: `${bad.address}: ${detail}` }
  })
}

function ofTls(at: string, exchanges: readonly Exchange[]): Check[] {
  if (!exchanges.some(({ url }) => url.startsWith('https:'))) return []
  const refused = exchanges.find(({ tls }) => tls?.fault !== undefined)
  if (refused?.fault !== undefined) {
    const { cause, detail } = refused.fault
    return [{ check: 'tls', at, verdict: 'fail', cause, says: detail }]
  }
  const tls = exchanges.find((exchange) => exchange.tls !== undefined)?.tls
  if (tls === undefined) return [{ check: 'tls', at, verdict: 'unknown', says: 'not tried' }]
  const { issuer, until } = tls.certificate ?? {}
  const by = tls.inspectedBy === undefined ? '' : `; ${sayInspected(tls.inspectedBy)}`
  return [
    {
      check: 'tls',
      at,
      verdict: 'pass',
      says: `${tls.protocol}, issued by ${issuer}, until ${until?.toISOString().slice(0, 10)}${by}`,
    },
  ]
}

function ofRange(at: string, exchanges: readonly Exchange[]): Check[] {
  const ranges = exchanges.flatMap(({ range }) => range ?? [])
  if (ranges.length === 0) return []
  if (!ranges.includes('ignored'))
    return [{ check: 'range', at, verdict: 'pass', says: 'a download that breaks off can go on' }]
  const says = 'Range is ignored: a download that breaks off begins anew'
  return [{ check: 'range', at, verdict: 'warn', cause: 'range-ignored', says }]
}

function ofClock(at: string, exchanges: readonly Exchange[]): Check[] {
  const clocks = exchanges.flatMap(({ answer }) => answer?.clock ?? [])
  if (clocks.length === 0) return []
  const off = clocks.toSorted((one, other) => Math.abs(one) - Math.abs(other))[0]!
  const is = off < 0 ? 'ahead of' : 'behind'
  return Math.abs(off) <= CLOCK_MAX
    ? [{ check: 'clock', at, verdict: 'pass', says: `within ${CLOCK_MAX} s` }]
    : [
        {
          check: 'clock',
          at,
          verdict: 'warn',
          cause: 'clock',
          says: `this machine is ${Math.abs(off)} s ${is} it`,
        },
      ]
}
