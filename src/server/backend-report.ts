import type { Config, StoreConfig, UpstreamConfig } from '../config/config.ts'
import { valueForFault } from '../config/fault.ts'
import type { Knowledge } from './knowledge.ts'
import type { Testimony } from './testimony.ts'
import type { Vigil } from './vigil.ts'

export interface BackendReportParts {
  readonly vigil: Vigil
  readonly knowledge: Knowledge
  readonly testimony: Testimony
  /** What calendars said at a moment of the monitor's clock. */
  readonly timeOf: (moment: number) => string
}

/** All that the door knows of its backends, upstreams first, for the admin service. */
export function reportBackends(
  { upstreams, stores }: Config,
  { vigil, knowledge, testimony, timeOf }: BackendReportParts,
): readonly object[] {
  const { monitor } = vigil
  return [
    ...upstreams.map(({ canonical, complete, layout, prefix, ...upstream }) =>
      report('upstream', upstream, {
        canonical,
        complete,
        ...(layout !== undefined && { layout }),
        ...(prefix !== '' && { prefix }),
      }),
    ),
    ...stores.map((store) => report('store', store, { keepsManifests: store.manifests !== undefined })),
  ]

  function report(
    kind: 'upstream' | 'store',
    { id, at, url, canary }: Pick<UpstreamConfig | StoreConfig, 'id' | 'at' | 'url' | 'canary'>,
    rest: object,
  ): object {
    const triedBy = canary ?? testimony.listedCanary(id) ?? vigil.learnedCanary(id)
    return {
      id,
      kind,
      place: at,
      ...(url !== undefined && { url: valueForFault(url) }),
      ...rest,
      ...(triedBy !== undefined && { canary: triedBy }),
      health: url === undefined ? { status: 'local' } : health(id),
      presence: knowledge.statistics(id),
      ...said(id),
    }
  }

  /** What a store says of itself. */
  function said(id: string): object {
    const { inventory, ownership, missesAll } = testimony.status(id) ?? {}
    const { issued, expires, ...standing } = ownership ?? {}
    return {
      ...(inventory && {
        inventory: { ...inventory, ...(inventory.at !== undefined && { at: dateOf(inventory.at) }) },
      }),
      ...(ownership && {
        ownership: {
          ...standing,
          ...(issued !== undefined && { issued: dateOf(issued) }),
          ...(expires !== undefined && { expires: dateOf(expires) }),
        },
      }),
      ...(missesAll && { missesAll }),
    }
  }

  function health(id: string): object {
    const { status, since, passes, failures, relapses, notBefore, lastFailure } = monitor.state(id)
    return {
      status,
      since: timeOf(since),
      failures,
      relapses,
      ...(status === 'out' && { passes, notBefore: timeOf(notBefore) }),
      ...(lastFailure !== undefined && { lastFailure }),
      history: monitor
        .history(id)
        .map(({ from, to, why, at }) => ({ at: timeOf(at), from, to, ...(why !== undefined && { why }) })),
    }
  }
}

function dateOf(moment: number): string {
  return new Date(moment).toISOString()
}
