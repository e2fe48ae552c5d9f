import type { OwnershipConfig, StoreConfig, UpstreamConfig } from '../config/config.ts'
import { admitStore, CANARY_ABSENT, CANARY_MAX_BYTES } from '../health/admit-store.ts'
import { admitUpstream } from '../health/admit-upstream.ts'
import { failureOf } from '../health/evidence.ts'
import { createMonitor, type Monitor, type MonitorOptions, type Watched } from '../health/monitor.ts'
import type { Evidence } from '../health/state.ts'
import { type Digest, parseDigest } from '../oci/digest.ts'
import { parseName } from '../oci/name.ts'
import type { OciRequest } from '../oci/path.ts'
import type { Finding } from '../presence/probe.ts'
import type { Backend } from '../routing/backend.ts'
import type { Fetch } from '../runtime.ts'
import { storeOf } from './backends.ts'
import type { Testimony } from './testimony.ts'

/** A canary as small as can be found: what is found first is good enough when it fits in one packet or two. */
const SMALL_BYTES = 4096

/** Watches over the backends of a config: tries them, and learns from probes by what they can be tried. */
export interface Vigil {
  readonly monitor: Monitor
  /** The digest by which a store without a configured canary is tried, once one is known. */
  learnedCanary(id: string): Digest | undefined
  /** Takes in what a presence probe found. */
  learn(backend: Backend, request: OciRequest, finding: Finding): void
  /** Watches these backends from now on; those whose config is the same keep their health. */
  watch(
    upstreams: readonly UpstreamConfig[],
    stores: readonly StoreConfig[],
    ownership: OwnershipConfig | undefined,
  ): void
}

export interface VigilOptions extends MonitorOptions {
  readonly testimony: Pick<Testimony, 'ownership' | 'listedCanary' | 'noteCanary'>
  /** Told of a store that cannot be believed about what it holds: its canary is gone, or it gives wrong answers. */
  readonly onDisbelief: (id: string) => void
}

export function createVigil(fetch: () => Fetch, options: VigilOptions): Vigil {
  /** Digests that stores without a configured canary turned out to hold. */
  const learned = new Map<string, { readonly digest: Digest; readonly size: number }>()
  const monitor = createMonitor(options)

  async function probeStore(config: StoreConfig): Promise<Evidence> {
    const evidence = await examineStore(config)
    // What answers wrongly, as a page that says 200 to everything does, has also said that it has what it lacks.
    if (evidence.kind === 'failed' && evidence.hard && monitor.isUsable(config.id))
      options.onDisbelief(config.id)
    return evidence
  }

  async function examineStore(config: StoreConfig): Promise<Evidence> {
    const { id, url, proof } = config
    const { testimony } = options
    // Before anything else: what a stranger's store says of its content is of no interest.
    const refusal = proof === undefined ? undefined : await testimony.ownership.examine({ id, url, proof })
    if (refusal !== undefined) return refusal
    const store = storeOf(config)
    const promised = config.canary === undefined ? testimony.listedCanary(id) : parseDigest(config.canary)
    if (promised !== undefined) {
      const evidence = await admitStore(store, promised, fetch())
      if (evidence.kind === 'passed' || evidence === CANARY_ABSENT)
        testimony.noteCanary(id, evidence !== CANARY_ABSENT)
      // A store that lacks what its inventory lists is asked about every blob, like one without an inventory.
      if (evidence !== CANARY_ABSENT || config.canary !== undefined) return evidence
    }
    const evidence = await admitStore(store, learned.get(id)?.digest, fetch())
    if (evidence !== CANARY_ABSENT) return evidence
    // Nobody promised that what was there once stays there; but where one thing is gone, others may be.
    learned.delete(config.id)
    options.onDisbelief(config.id)
    return admitStore(store, undefined, fetch())
  }

  function probeUpstream({ url, prefix, canary }: UpstreamConfig): Promise<Evidence> {
    const at = canary?.indexOf('@') ?? -1
    const name = parseName(canary?.slice(0, at) ?? '')
    const digest = parseDigest(canary?.slice(at + 1) ?? '')
    return admitUpstream({ url: url!, prefix }, name && digest && { name, digest }, fetch())
  }

  return {
    monitor,
    learnedCanary: (id) => learned.get(id)?.digest,
    learn(backend, request, { verdict, size, failure }) {
      if (failure !== undefined) monitor.report(backend.id, failureOf(failure))
      if (backend.kind !== 'store' || request.kind !== 'blob' || verdict !== 'present') return
      if (size === undefined || size > CANARY_MAX_BYTES || size < 2) return
      const before = learned.get(backend.id)
      if (before !== undefined && (before.size <= SMALL_BYTES || before.size <= size)) return
      learned.set(backend.id, { digest: ` ${request.digest}`.slice(1) as Digest, size })
    },
    watch(upstreams, stores, ownership) {
      const watched: Watched[] = [
        ...upstreams
          .filter(({ url }) => url !== undefined)
          .map((config) => ({
            id: config.id,
            fingerprint: JSON.stringify(config),
            probe: () => probeUpstream(config),
          })),
        ...stores.map((config) => ({
          id: config.id,
          // Another key, and every store has to prove anew whose it is.
          fingerprint: JSON.stringify([config, config.proof === undefined ? undefined : ownership]),
          probe: () => probeStore(config),
        })),
      ]
      for (const id of learned.keys()) if (!stores.some((store) => store.id === id)) learned.delete(id)
      monitor.watch(watched)
    },
  }
}
