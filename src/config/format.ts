import { stringify } from 'yaml'
import { formatSize } from './byte-size.ts'
import type {
  CacheConfig,
  Config,
  CredentialsConfig,
  FillConfig,
  RegistryConfig,
  RegistryFillConfig,
  RuleConfig,
  StoreConfig,
} from './config.ts'
import { formatDuration } from './duration.ts'
import { escapeReferences } from './environment.ts'
import { formatListenAddress } from './listen-address.ts'
import { formatPercentage } from './percentage.ts'
import { NO_PROOF } from './schema/values.ts'
import { expandLegacy } from './to-legacy.ts'
import { expandSponsor } from './to-sponsors.ts'

/** A config as a file would say it with every default written out; reading that file gives the same config. */
export function expandConfig(config: Config): Record<string, unknown> {
  const { version, listen, admin, stores, routing, clouds, presence, health, ownership, sync, ...others } =
    config
  const { cache, registries, revalidate, upstreams, clients, policies, sponsors, legacy, ...rest } = others
  const { ttl, negativeTtl, timeout, maxEntries } = presence
  const expanded = {
    version,
    listen: formatListenAddress(listen),
    admin: admin === undefined ? 'off' : formatListenAddress(admin),
    ...rest,
    ...(config.delivery === 'relay' && expandMirror({ cache, registries, revalidate })),
    upstreams: upstreams.map(({ credentials, fill, ...upstream }) => ({
      ...upstream,
      ...(credentials && { credentials: expandCredentials(credentials) }),
      ...(fill && { fill: expandRegistryFill(fill) }),
    })),
    clients: { ...clients, ...(isNameless(registries) && { public: registries[0]!.public }) },
    routing: expandRouting(routing),
    ...(policies && {
      policies: policies.map((policy) => ({
        ...policy,
        share: formatPercentage(policy.share),
        routing: expandRouting(policy.routing),
      })),
    }),
    ...(sponsors && { sponsors: sponsors.map(expandSponsor) }),
    ...(legacy && { legacy: expandLegacy(legacy) }),
    stores: stores.map((store) => expandStore(store, ownership !== undefined)),
    clouds: { ...clouds, refresh: clouds.refresh === undefined ? 'off' : formatDuration(clouds.refresh) },
    presence: {
      ttl: formatDuration(ttl),
      negativeTtl: formatDuration(negativeTtl),
      timeout: formatDuration(timeout),
      maxEntries,
    },
    health: { ...health, interval: formatDuration(health.interval), timeout: formatDuration(health.timeout) },
    ...(ownership && { ownership: { ...ownership, maxAge: formatDuration(ownership.maxAge) } }),
    ...(sync && {
      sync: {
        ...sync,
        referrersRecheck: formatDuration(sync.referrersRecheck),
        maxWait: formatDuration(sync.maxWait),
      },
    }),
  }
  return JSON.parse(
    JSON.stringify(expanded, (_, value) => (typeof value === 'string' ? escapeReferences(value) : value)),
  )
}

function expandRouting(routing: readonly RuleConfig[]): object[] {
  return routing.map(({ within, ...rule }) => ({
    ...rule,
    ...(within !== undefined && { within: `${within}km` }),
  }))
}

function expandMirror({
  cache,
  registries,
  revalidate,
}: Pick<Config, 'registries' | 'revalidate'> & { cache: CacheConfig | undefined }): Record<string, unknown> {
  return {
    cache: cache === undefined ? 'off' : expandCache(cache),
    ...(!isNameless(registries) && { registries }),
    revalidate: {
      ...revalidate,
      after: formatDuration(revalidate.after),
      timeout: formatDuration(revalidate.timeout),
      negative: formatDuration(revalidate.negative),
    },
  }
}

/** One without a name is what a config without the key comes to. */
function isNameless(registries: readonly RegistryConfig[]): boolean {
  return registries[0]?.host === ''
}

function expandRegistryFill({ url, prefix, credentials }: RegistryFillConfig): Record<string, unknown> {
  return { registry: { url, prefix, ...(credentials && { credentials: expandCredentials(credentials) }) } }
}

function expandCredentials(credentials: CredentialsConfig): Record<string, unknown> {
  switch (credentials.kind) {
    case 'login': {
      const { kind: _, ...login } = credentials
      return login
    }
    case 'dockerConfig':
      return { dockerConfig: credentials.file }
    case 'helper':
      return { helper: credentials.name }
    case 'cloud':
      return { cloud: credentials.cloud }
  }
}

function expandCache({ size, scrub, ...cache }: CacheConfig): Record<string, unknown> {
  return {
    ...cache,
    size: formatSize(size),
    scrub: scrub === undefined ? 'off' : formatDuration(scrub),
  }
}

function expandStore({ proof, fill, ...store }: StoreConfig, mustProve: boolean): Record<string, unknown> {
  return { ...store, ...(mustProve && { proof: proof ?? NO_PROOF }), ...(fill && { fill: expandFill(fill) }) }
}

function expandFill(fill: FillConfig): Record<string, unknown> {
  const { kind, ...where } = fill
  return kind === 'folder' ? where : { [kind]: where }
}

/** Writes a config as YAML, by the rules of {@link expandConfig}. */
export function formatConfig(config: Config): string {
  return stringify(expandConfig(config), { lineWidth: 0 })
}
