import { stringify } from 'yaml'
import type { Config, FillConfig, StoreConfig } from './config.ts'
import { formatDuration } from './duration.ts'
import { escapeReferences } from './environment.ts'
import { formatListenAddress } from './listen-address.ts'
import { NO_PROOF } from './schema/values.ts'

/** A config as a file would say it with every default written out; reading that file gives the same config. */
export function expandConfig(config: Config): Record<string, unknown> {
  const { version, listen, admin, stores, routing, clouds, presence, health, ownership, sync, ...rest } =
    config
  const { ttl, negativeTtl, timeout, maxEntries } = presence
  const expanded = {
    version,
    listen: formatListenAddress(listen),
    admin: admin === undefined ? 'off' : formatListenAddress(admin),
    ...rest,
    routing: routing.map(({ within, ...rule }) => ({
      ...rule,
      ...(within !== undefined && { within: `${within}km` }),
    })),
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
    ...(sync && { sync: { ...sync, maxWait: formatDuration(sync.maxWait) } }),
  }
  return JSON.parse(
    JSON.stringify(expanded, (_, value) => (typeof value === 'string' ? escapeReferences(value) : value)),
  )
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
