import type { Config, StoreConfig, SyncConfig, UpstreamConfig } from '../config/config.ts'
import { formatDuration } from '../config/duration.ts'
import { suggestion } from '../config/suggestion.ts'
import { PortolanError } from '../errors.ts'
import type { Registry } from '../registry/reader.ts'
import { registryTarget } from '../replication/images/registry-target.ts'
import type { FilledRegistry } from '../replication/registries/filled-registry.ts'
import type { Target } from '../replication/target.ts'
import { compileDigestPath } from '../routing/backend.ts'
import type { RequestedWait } from '../transport/retry.ts'
import { commandRuntime } from './command-runtime.ts'
import { connectBoth, connectRegistry, connectStore, openLogin } from './connections.ts'

/** What the walk asks at once; downloads come on top. */
const QUESTIONS_AT_ONCE = 16

/** An upstream that is filled. */
export type FilledUpstream = UpstreamConfig & Required<Pick<UpstreamConfig, 'fill'>>

/** A store that is filled. */
export type FilledStore = StoreConfig & Required<Pick<StoreConfig, 'fill'>>

/** The `sync` section of a config. Throws `USAGE` when there is none. */
export function syncSection({ sync }: Config): SyncConfig {
  if (sync !== undefined) return sync
  throw usage('the config has no "sync", which says what is copied; "sync: {}" copies everything')
}

/** The stores and upstreams that are filled, or those of them that are named. Throws `USAGE` when there is none of that id. */
export function filledBackends(
  { stores, upstreams }: Config,
  named: readonly string[] = [],
): { readonly stores: readonly FilledStore[]; readonly upstreams: readonly FilledUpstream[] } {
  const filled = {
    stores: stores.filter((store): store is FilledStore => store.fill !== undefined),
    upstreams: upstreams.filter((upstream): upstream is FilledUpstream => upstream.fill !== undefined),
  }
  const ids = [...filled.stores, ...filled.upstreams].map(({ id }) => id)
  if (ids.length === 0) {
    throw usage('no store or upstream of the config has "fill", which says how it is written to')
  }
  for (const id of named) {
    if (ids.includes(id)) continue
    const isThere = [...stores, ...upstreams].some((backend) => backend.id === id)
    const because = isThere ? 'has no "fill"' : 'is no store or upstream of the config'
    throw usage(`--store ${JSON.stringify(id)} ${because}${suggestion(id, ids)}; there are ${ids.join(', ')}`)
  }
  if (named.length === 0) return filled
  return {
    stores: filled.stores.filter(({ id }) => named.includes(id)),
    upstreams: filled.upstreams.filter(({ id }) => named.includes(id)),
  }
}

/** The registry that is copied from; asked nothing more after `signal`. `report` is told when it is waited for. */
export function openUpstream(
  { upstreams }: Config,
  sync: SyncConfig,
  signal: AbortSignal,
  report: ReportWait,
): Registry {
  const { url, prefix, tokenServices } = upstreams.find(({ id }) => id === sync.from)!
  return connectRegistry({ url: url!, prefix, tokenServices, ...politenessOf(sync, signal, report) })
}

/** A registry that is filled, with the login that its fill names. */
export function openFilledRegistry(
  { id, tokenServices, fill }: FilledUpstream,
  sync: SyncConfig,
  signal: AbortSignal,
  report: ReportWait,
): FilledRegistry {
  const { url, prefix, credentials } = fill
  const { reader, writer } = connectBoth({
    ...{ url, prefix, tokenServices },
    ...politenessOf(sync, signal, report),
    ...(credentials && { credentials: openLogin(credentials) }),
  })
  return { id, reader, writer: registryTarget(commandRuntime, reader, writer) }
}

/** Told when a registry is waited for. */
export type ReportWait = (event: { readonly kind: 'note' | 'warning'; readonly message: string }) => void

/** How a registry is asked by a command that reads much of it. */
export function politenessOf(
  sync: Pick<SyncConfig, 'concurrency' | 'requestsPerSecond' | 'maxWait'>,
  signal: AbortSignal,
  report: ReportWait,
) {
  const { requestsPerSecond, maxWait } = sync
  const limits = { concurrency: QUESTIONS_AT_ONCE + sync.concurrency, requestsPerSecond }
  const onWait = (asked: RequestedWait) =>
    report({ kind: asked.obeyed ? 'note' : 'warning', message: describeWait(asked, maxWait) })
  return { limits, signal, maxWait, onWait }
}

function describeWait({ host, status, until, obeyed }: RequestedWait, maxWait: number): string {
  const date = new Date(until).toISOString()
  if (obeyed) return `waiting for ${host} until ${date}: it answered ${status} and asks for that`
  return `${host} answered ${status} and asks to be left alone until ${date}; that is longer than sync.maxWait (${formatDuration(maxWait)}), so that nothing more is asked of it before`
}

/** Opens a store for writing. */
export async function openTarget({ id, url, blobs, manifests, fill }: FilledStore): Promise<Target> {
  return {
    id,
    url,
    objects: await connectStore(fill),
    blobKey: compileDigestPath(blobs),
    ...(manifests !== undefined && { manifestKey: compileDigestPath(manifests) }),
  }
}

/** Says in one line what a command line asks for that cannot be. */
export function usage(message: string): PortolanError {
  return new PortolanError('USAGE', message)
}
