import { realpath } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { checkFilledPlaces } from '../config/check-fills.ts'
import type { Config, StoreConfig, TlsConfig } from '../config/config.ts'
import { type ConfigFault, formatConfigPath, formatFault } from '../config/fault.ts'
import { PortolanError } from '../errors.ts'

/** What {@link checkFilledPlaces} says of a config when symbolic links are followed. */
export async function checkRealPlaces(config: Config, file: string): Promise<readonly ConfigFault[]> {
  const remarks = checkFilledPlaces(await withRealPaths(config))
  return remarks.map(({ path, message }) => ({ file, path: formatConfigPath(path), message }))
}

/** Throws `CONFIG_INVALID` where two stores are one folder, or what nobody should see is served. */
export async function requireSeparatePlaces(config: Config, file: string): Promise<void> {
  const faults = await checkRealPlaces(config, file)
  if (faults.length > 0) {
    throw new PortolanError('CONFIG_INVALID', faults.map(formatFault).join('\n'), { faults })
  }
}

async function withRealPaths(config: Config): Promise<Config> {
  const { stores, sync, tls, adminTls, cache } = config
  return {
    ...config,
    stores: await Promise.all(stores.map(realStore)),
    ...(sync && {
      sync: {
        ...sync,
        journal: await realPath(sync.journal),
        ...(sync.signingKey !== undefined && { signingKey: await realPath(sync.signingKey) }),
      },
    }),
    ...(tls && { tls: await realTls(tls) }),
    ...(adminTls && { adminTls: await realTls(adminTls) }),
    ...(cache && { cache: { ...cache, folder: await realPath(cache.folder) } }),
  }
}

async function realStore(store: StoreConfig): Promise<StoreConfig> {
  const { fill } = store
  if (fill?.kind !== 'folder') return store
  const { folder, partial } = fill
  const real = {
    folder: await realPath(folder),
    ...(partial !== undefined && { partial: await realPath(partial) }),
  }
  return { ...store, fill: { kind: 'folder', ...real } }
}

async function realTls(tls: TlsConfig): Promise<TlsConfig> {
  return { ...tls, key: await realPath(tls.key) }
}

/** Of what is not there yet, where it would be made. */
async function realPath(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch {
    const above = dirname(path)
    return above === path ? path : join(await realPath(above), basename(path))
  }
}
