import { type Day, daysAfter } from './day.ts'
import type { Endpoint, EndpointsStatement } from './statement.ts'

/** A host that clients need, and why. */
export type PublishedHost = Pick<Endpoint, 'host' | 'port' | 'why'>

export interface DraftParts {
  /** The host that image references name. */
  readonly registry: string
  /** All that clients need from now on. */
  readonly hosts: readonly PublishedHost[]
  /** What is published now; absent for the first time. */
  readonly previous?: EndpointsStatement
  readonly today: Day
  /** Days between a publication and the first client. */
  readonly notice: number
  /** Why what is new gets clients at once; absent where it does not. */
  readonly emergency?: string
}

/**
 * The next statement: what is new gets clients after the notice, what is no longer needed stays as long, and what was
 * published keeps its days. Pure.
 */
export function draftStatement(parts: DraftParts): EndpointsStatement {
  const { registry, hosts, previous, today, notice } = parts
  const known = new Map(previous?.endpoints.map((endpoint) => [keyOf(endpoint), endpoint]))
  const needed = new Set(hosts.map(keyOf))
  return {
    version: 1,
    registry,
    serial: (previous?.serial ?? 0) + 1,
    issued: today,
    since: previous?.since ?? today,
    notice,
    endpoints: [
      ...hosts.map((host) => announced(host, known.get(keyOf(host)), parts)),
      ...(previous?.endpoints ?? [])
        .filter((endpoint) => !needed.has(keyOf(endpoint)))
        .flatMap((endpoint) => ending(endpoint, today, notice)),
    ],
  }
}

function announced(
  { host, port, why }: PublishedHost,
  before: Endpoint | undefined,
  { previous, today, notice, emergency }: DraftParts,
): Endpoint {
  const isOver = before?.until !== undefined && before.until < today
  if (before !== undefined && !isOver) {
    const { until: _, ...kept } = before
    return { ...kept, why }
  }
  const serial = (previous?.serial ?? 0) + 1
  const at = { host, port, why, announced: today, serial }
  if (previous === undefined) return { ...at, from: today }
  return emergency === undefined
    ? { ...at, from: daysAfter(today, notice) }
    : { ...at, from: today, emergency }
}

/** What nobody is sent to any more is told of for as long as what is new, and then left out. */
function ending(endpoint: Endpoint, today: Day, notice: number): readonly Endpoint[] {
  const { from, until } = endpoint
  if (until !== undefined) return until < today ? [] : [endpoint]
  const last = daysAfter(today, notice)
  // One that no client was sent to yet needs no end.
  return from > today ? [] : [{ ...endpoint, until: last }]
}

function keyOf({ host, port }: Pick<Endpoint, 'host' | 'port'>): string {
  return `${host} ${port}`
}
