import type { LiveBackend } from '../backends/live-backend.ts'
import type { Config, StoreConfig, UpstreamConfig } from '../config/config.ts'
import { valueForFault } from '../config/fault.ts'
import type { Policy } from './in-force.ts'

/** What clocks on the wall said at a moment of the runtime's clock. */
type TimeOf = (moment: number) => string

/** All that the door knows of its backends, upstreams first, for the admin service. */
export function reportBackends({ config, backends }: Policy, timeOf: TimeOf): readonly object[] {
  return [
    ...backends.upstreams.map((live, index) => reportUpstream(config.upstreams[index]!, live, timeOf)),
    ...backends.stores.map((live, index) => reportStore(config.stores[index]!, live, timeOf)),
  ]
}

function reportUpstream(
  { canonical, complete, signatures, layout, prefix, ...upstream }: UpstreamConfig,
  live: LiveBackend,
  timeOf: TimeOf,
): object {
  const rest = {
    canonical,
    complete,
    ...(!signatures && { signatures }),
    ...(layout !== undefined && { layout }),
    ...(prefix !== '' && { prefix }),
  }
  return report(upstream, live, rest, timeOf)
}

function reportStore(store: Config['stores'][number], live: LiveBackend, timeOf: TimeOf): object {
  return {
    ...report(store, live, { keepsManifests: store.manifests !== undefined }, timeOf),
    ...(live.state.manifests && { manifests: live.state.manifests }),
    ...reportInventory(live),
    ...reportOwnership(live),
    ...(live.state.misses.all && { missesAll: true }),
  }
}

function report(
  { id, at, url, canary }: Pick<UpstreamConfig | StoreConfig, 'id' | 'at' | 'url' | 'canary'>,
  live: LiveBackend,
  rest: object,
  timeOf: TimeOf,
): object {
  const object = canary ?? live.healthCheckObject
  return {
    id,
    kind: live.backend.kind,
    place: at,
    ...(url !== undefined && { url: valueForFault(url) }),
    ...rest,
    ...(object !== undefined && { healthCheckObject: object }),
    health: live.isLocal ? { status: 'local' } : reportHealth(live, timeOf),
    presence: live.presence,
  }
}

function reportHealth({ state: { health, history } }: LiveBackend, timeOf: TimeOf): object {
  const { status, since, passes, failures, ejections, notBefore, lastFailure } = health
  return {
    status,
    since: timeOf(since),
    failures,
    ejections,
    ...(status === 'ejected' && { passes, notBefore: timeOf(notBefore) }),
    ...(lastFailure !== undefined && { lastFailure }),
    history: history.map(({ from, to, why, at }) => ({
      at: timeOf(at),
      from,
      to,
      ...(why !== undefined && { why }),
    })),
  }
}

/** What a store says of itself. */
function reportInventory({ inventory }: LiveBackend): object {
  if (inventory === undefined) return {}
  const { at } = inventory
  return { inventory: { ...inventory, ...(at !== undefined && { at: dateOf(at) }) } }
}

function reportOwnership({ owesProof, state: { ownership } }: LiveBackend): object {
  if (!owesProof) return {}
  const { issued, expires, recheckAt: _, ...standing } = ownership
  return {
    ownership: {
      ...standing,
      ...(issued !== undefined && { issued: dateOf(issued) }),
      ...(expires !== undefined && { expires: dateOf(expires) }),
    },
  }
}

function dateOf(moment: number): string {
  return new Date(moment).toISOString()
}
