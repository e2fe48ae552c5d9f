import type { ManagedCache } from '../cache/managed-cache.ts'
import type { Config } from '../config/config.ts'
import type { Observers } from '../internal/observers.ts'
import { readPlatform } from '../oci/keep-platforms.ts'
import type { RelayedRequest } from '../relay/backend-access.ts'
import { PinFiles } from '../relay/pins/pin-files.ts'
import type { PinnedRepository } from '../relay/pins/pin-source.ts'
import type { PinnedReport } from '../relay/pins/pinned-report.ts'
import { PinnedSet } from '../relay/pins/pinned-set.ts'
import { RelaySource } from '../relay/pins/relay-source.ts'
import type { Relay } from '../relay/relay.ts'
import { RANKED_AS } from '../routing/request-class.ts'
import { type Policy, registryOf } from './in-force.ts'
import type { DoorRuntime } from './runtime.ts'

export interface PinnedImagesParts {
  readonly runtime: DoorRuntime
  readonly policy: () => Policy
  /** Told of each config that is put in force. */
  readonly changes: Pick<Observers<Policy>, 'add'>
  readonly relay: Relay
  readonly cache: ManagedCache
}

/** What a mirror always has, by the files that its config names. */
export interface PinnedImages extends Disposable {
  report(): PinnedReport
}

/** Keeps the images that a mirror's config pins. */
export function keepPinnedImages({
  runtime,
  policy,
  changes,
  relay,
  cache,
}: PinnedImagesParts): PinnedImages {
  const source = new RelaySource({
    relay,
    cache,
    request: (repository, kind) => requestFor(repository, kind, policy()),
  })
  const set = new PinnedSet({ runtime, cache, source })
  let platforms = ''
  const files = new PinFiles({
    runtime,
    read: async (file) => (runtime.readText === undefined ? '' : runtime.readText(file)),
    onLists: (lists) => set.setLists(lists, platformsOf(policy().config)),
  })
  const forget = changes.add(({ config: { cache: config } }) => {
    const next = JSON.stringify(config?.platforms ?? [])
    files.follow(config?.pin ?? [], next !== platforms)
    platforms = next
  })
  return {
    report: () => set.report(),
    [Symbol.dispose]() {
      forget()
      files[Symbol.dispose]()
      set[Symbol.dispose]()
    },
  }
}

function platformsOf({ cache }: Config) {
  return (cache?.platforms ?? []).map(readPlatform)
}

/** As a client that is nowhere would be answered: the backends of the registry that are in traffic, the canonical one last. */
function requestFor(
  { registry, name }: PinnedRepository,
  kind: 'tag' | 'manifest' | 'blob',
  policy: Policy,
): RelayedRequest | undefined {
  const found = registryOf(policy, registry)
  if (found === undefined) return undefined
  const { view } = found
  return {
    registry,
    name,
    backends: async () => {
      const candidates = view.candidates(undefined)[RANKED_AS[kind]]
      const usable = candidates.filter(({ usable }) => usable).map(({ backend }) => backend)
      return [...new Set([...usable.filter((each) => each !== view.canonical), view.canonical])]
    },
  }
}
