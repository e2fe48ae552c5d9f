import { createRetryDetector, type RetryDetector } from '../../backends/retries/detector.ts'
import type { LegacyConfig, PhaseConfig } from '../../config/legacy-config.ts'
import type { Tag } from '../../oci/name.ts'
import type { OciRequest } from '../../oci/path.ts'
import type { Relay } from '../../relay/relay.ts'
import { withoutPort } from '../../routing/addressing.ts'
import { ClientSample } from '../../routing/legacy/client-sample.ts'
import { drawNetwork } from '../../routing/legacy/cohort.ts'
import { phaseFor } from '../../routing/legacy/schedule.ts'
import { type Treatment, treat } from '../../routing/legacy/treat.ts'
import { imageOf, warningOf } from '../../routing/legacy/words.ts'
import type { Client } from '../../routing/locate.ts'
import type { ParsedRequest } from '../../routing/parse-request.ts'
import type { RouteSources } from '../../routing/route.ts'
import type { Runtime } from '../../runtime.ts'
import { answerTags } from '../answer-tags.ts'
import { forMethod, redirect } from '../bare-reply.ts'
import { faultReply } from '../fault-reply.ts'
import type { Policy } from '../in-force.ts'
import type { Mirrored } from '../mirror.ts'
import type { DoorReply } from '../reply.ts'
import type { DoorRequest } from '../request.ts'
import { type AgentFamily, agentFamily } from './agent-family.ts'
import type { Asking } from './asking.ts'
import { cameBack } from './came-back.ts'
import type { LegacyBook } from './legacy-book.ts'
import type { LegacyPlan } from './legacy-plan.ts'
import { noticesOf } from './notices.ts'
import { oldNamePage } from './page.ts'
import { NOT_SHARED, serveManifest } from './serve-manifest.ts'

export interface OldNameParts {
  readonly book: Pick<LegacyBook, 'inForce' | 'states' | 'note'>
  readonly policy: () => Policy
  readonly sources: Omit<RouteSources, 'notice'>
  readonly relay: Relay
  readonly runtime: Pick<Runtime, 'now' | 'date' | 'random' | 'log' | 'after'>
}

/** What became of a request: a closed set, fit for a metric's label. */
export type LegacyAnswer = Exclude<Treatment['kind'], 'refuse'> | 'unavailable' | 'denied' | 'page'

/** What the log and the metrics say of a request by an old name; of the client it says its kind alone. */
export interface AskedByOldName {
  /** The old name. */
  readonly name: string
  /** The id of the phase that was in force for the client; empty for none. */
  readonly phase: string
  readonly answer: LegacyAnswer
  readonly agent: AgentFamily
  /** The repository, where the old name has it and it is counted by itself. */
  readonly repository?: string
}

/** A request by an old name, as the door goes on with it. */
export interface Treated {
  readonly asked: AskedByOldName
  /** What to answer as to any client: a tag has become what it stands for. */
  readonly request: OciRequest
  /** What each reply has beside its own. */
  readonly headers: Readonly<Record<string, string>>
  /** The answer, where the old name has one of its own; a promise of none, where the door should go on after all. */
  readonly reply?: DoorReply | Promise<Mirrored | undefined>
}

type OciParsed = ParsedRequest & { kind: 'oci' }

/** What is decided for a request by an old name, before anything is done. */
export interface DecidedByOldName {
  readonly legacy: LegacyConfig
  /** The phase that is in force for the client; absent for none. */
  readonly phase?: PhaseConfig | undefined
  /** What the client drew; `undefined` where its address is not known. */
  readonly draw: number | undefined
  readonly treatment: Treatment
}

/** What becomes of requests by an old name. */
export interface OldName {
  /** Whether a request came by the old name; where there is none, nothing is looked at. */
  isMeant(request: Pick<DoorRequest, 'header'>): boolean
  /** Decides and does nothing, for whoever explains. */
  decide(parsed: OciParsed, client: Client): DecidedByOldName
  /** The page for people who open it. */
  page(request: DoorRequest): { readonly asked: AskedByOldName; readonly reply: DoorReply }
  treat(request: DoorRequest, parsed: OciParsed, client: Client): Treated
}

/** One moment of a plan. */
interface Moment {
  readonly plan: LegacyPlan
  readonly standing: NonNullable<LegacyBook['inForce']>['standing']
  readonly now: number
}

/** Makes what answers the old name of a config, if there is one at the moment of a request. */
export function createOldName(parts: OldNameParts): OldName {
  const { book, runtime } = parts
  const treating = { ...parts, detector: createRetryDetector(runtime), sample: new ClientSample() }
  // Whoever asks has made sure that it is meant.
  const moment = (): Moment => ({ ...book.inForce!, now: runtime.date().getTime() })
  return {
    isMeant(request) {
      const legacy = book.inForce?.plan.config
      if (legacy === undefined) return false
      const host = hostOf(request.header('host'))
      return host === legacy.host || legacy.names.includes(host)
    },
    decide: (parsed, client) => decideAt(moment(), parsed, client),
    page(request) {
      const { config } = moment().plan
      const reply = oldNamePage(config, book.states)
      const agent = agentFamily(request.header('user-agent'))
      return { asked: { name: config.host, phase: '', answer: 'page', agent }, reply }
    },
    treat(request, parsed, client) {
      const now = moment()
      const decided = decideAt(now, parsed, client)
      return treatAs(decided, { sender: request, parsed, client }, now.plan, treating)
    },
  }
}

interface TreatParts extends OldNameParts {
  readonly detector: RetryDetector
  readonly sample: ClientSample
}

function decideAt({ plan, standing, now }: Moment, parsed: OciParsed, client: Client): DecidedByOldName {
  const { config, schedule, list } = plan
  const repository = 'name' in parsed.request ? parsed.request.name : undefined
  const phase = phaseFor(schedule, now, standing, client, repository)
  return {
    legacy: config,
    phase,
    draw: drawNetwork(client.address, schedule.salt),
    treatment: treat(parsed, config, list?.value.content, phase, now),
  }
}

function treatAs(
  { legacy: config, phase, treatment }: DecidedByOldName,
  asking: Asking,
  { list }: LegacyPlan,
  parts: TreatParts,
): Treated {
  const { sender, parsed } = asking
  const { request, query } = parsed
  const repository = 'name' in request ? request.name : undefined
  const asked: AskedByOldName = {
    name: config.host,
    phase: phase?.id ?? '',
    answer: answerOf(treatment),
    agent: agentFamily(sender.header('user-agent')),
    ...(repository !== undefined && list?.value.counted.has(repository) && { repository }),
  }
  const named = request.kind === 'base' || request.kind === 'catalog' ? undefined : request
  const treated = {
    asked,
    request: treatment.kind === 'pass' || treatment.kind === 'serve' ? treatment.request : request,
    headers: phase === undefined ? {} : noticesOf(config, named),
  }
  if (named === undefined) return treated
  if (treatment.kind === 'serve') {
    const warning = warningOf(config, imageOf(named))
    const noted = serveManifest(treatment.request, warning, asking, { ...parts, host: config.host }).then(
      (found) => {
        note(asked.phase, found === undefined, asking, parts)
        return found
      },
    )
    return { ...treated, reply: noted }
  }
  // Who is refused gets what was announced, however often it asks: that is no failure.
  const isSent = treatment.kind === 'pass' || treatment.kind === 'redirect'
  note(asked.phase, isSent && cameBack(named, asking, asked.phase, parts.detector), asking, parts)
  const reply = replyTo(treatment, named, query)
  return reply === undefined ? treated : { ...treated, reply: forMethod(sender.method, reply) }
}

function note(
  phase: string,
  failed: boolean,
  { client: { address } }: Asking,
  { book, sample, runtime }: TreatParts,
): void {
  const tally = sample.note(phase, address, failed, runtime.now())
  if (tally.asked + tally.failed > 0) book.note(phase, tally)
}

function answerOf(treatment: Treatment): LegacyAnswer {
  if (treatment.kind !== 'refuse') return treatment.kind
  return treatment.retryAfter === undefined ? 'denied' : 'unavailable'
}

/** `undefined` where the door answers as under the new name. */
function replyTo(
  treatment: Exclude<Treatment, { kind: 'serve' }>,
  { name }: Exclude<OciRequest, { kind: 'base' | 'catalog' }>,
  query: string,
): DoorReply | undefined {
  switch (treatment.kind) {
    case 'pass':
      return undefined
    case 'tags':
      return shared(answerTags(name, [...treatment.tags] as Tag[], query))
    case 'redirect':
      return redirect(treatment.location)
    case 'unknown':
      return faultReply(treatment.fault)
    case 'refuse': {
      const { fault, retryAfter } = treatment
      return faultReply(
        fault,
        undefined,
        retryAfter === undefined ? {} : { 'Retry-After': String(retryAfter) },
      )
    }
  }
}

function shared(reply: DoorReply): DoorReply {
  return { ...reply, headers: { ...reply.headers, ...NOT_SHARED } }
}

/** A name may end with the dot of the root. */
function hostOf(header: string | undefined): string {
  return withoutPort(header ?? '').replace(/\.$/, '')
}
