import type { SemVer } from 'semver'
import type { TomlTable, TomlValue } from 'smol-toml'
import type { Where } from './checkup.ts'
import type { ContainerdFile } from './containerd-files.ts'
import { isTable, isTomlFault, type TomlDocument } from './toml-document.ts'

/** A value of containerd's config, and where it stands. */
export interface Setting<Value = TomlValue> extends Where {
  readonly value: Value
  /** Where a key below it stands. */
  readonly lineOf: (...keys: readonly string[]) => number
}

/** The CRI plugin of containerd 1.x, and of configs of version 2; that of version 1; the plugins of version 3. */
export const CRI_V1 = 'io.containerd.grpc.v1.cri'
export const CRI_SHORT = 'cri'
export const CRI_IMAGES = 'io.containerd.cri.v1.images'

/** Files that are TOML, with their place. */
export interface ReadFile {
  readonly path: string
  readonly document: TomlDocument
}

export function readFiles(loaded: readonly ContainerdFile[]): ReadFile[] {
  return loaded.flatMap(({ path, read }) => (isTomlFault(read) ? [] : [{ path, document: read }]))
}

/** The value that the last file with this key has. */
export function lastSetting(files: readonly ReadFile[], path: readonly string[]): Setting | undefined {
  return settings(files, path).at(-1)
}

/** The values of a key in all files that have it, in the order in which containerd reads them. */
export function settings(files: readonly ReadFile[], path: readonly string[]): Setting[] {
  return files.flatMap(({ path: file, document }) => {
    let at: TomlValue | undefined = document.value
    for (const key of path) at = isTable(at) ? at[key] : undefined
    if (at === undefined) return []
    const lineOf = (...keys: readonly string[]) => document.line([...path, ...keys])
    return [{ file, line: lineOf(), value: at, lineOf }]
  })
}

/** What the CRI plugin is told about registries, after all files are taken together. */
export interface CriSettings {
  readonly configVersion: number
  /** The plugin whose table is read. */
  readonly plugin: string
  readonly configPath?: Setting<string>
  readonly mirrors?: Setting<TomlTable>
  readonly tls?: Setting<TomlTable>
  /** Something that makes containerd 2.1 and later pull without the transfer service. */
  readonly localPull: boolean
}

/** The version of a config that says none is 1. */
export function configVersionOf(files: readonly ReadFile[]): number {
  const version = lastSetting(files, ['version'])?.value
  return typeof version === 'number' && version > 0 ? version : 1
}

/** The plugins whose tables containerd reads for pulls, by the version of the config. */
export function criPlugins(configVersion: number, version: SemVer | undefined): readonly string[] {
  if (configVersion <= 1) return [CRI_SHORT]
  if (version !== undefined && version.major < 2) return [CRI_V1]
  return configVersion === 2 ? [CRI_V1, CRI_IMAGES] : [CRI_IMAGES]
}

/**
 * Takes the files together. containerd 2.x merges tables key by key; 1.x takes the whole table of a plugin from the
 * last file that has one (tried: 1.6.20 against 2.2.9, `containerd config dump`).
 */
export function criSettings(files: readonly ReadFile[], version: SemVer | undefined): CriSettings {
  const configVersion = configVersionOf(files)
  const plugins = criPlugins(configVersion, version)
  const plugin = plugins.findLast((name) => settings(files, ['plugins', name]).length > 0) ?? plugins.at(-1)!
  const own = files.filter(
    ({ document }) => settings([{ path: '', document }], ['plugins', plugin]).length > 0,
  )
  const read = version !== undefined && version.major < 2 ? own.slice(-1) : own
  const at = (...path: string[]) => lastSetting(read, ['plugins', plugin, ...path])
  const configPath = at('registry', 'config_path')
  const mirrors = at('registry', 'mirrors')
  const configs = at('registry', 'configs')
  return {
    configVersion,
    plugin,
    ...(isSetting(configPath, isFullText) && { configPath }),
    ...(isSetting(mirrors, isFullTable) && { mirrors }),
    ...(isSetting(configs, hasTls) && { tls: configs }),
    localPull: isLocalPull(at),
  }
}

/** What `CheckLocalImagePullConfigs` of containerd 2.1 and later looks at. */
function isLocalPull(at: (...path: string[]) => Setting | undefined): boolean {
  const concurrent = at('max_concurrent_downloads')?.value
  return (
    ['use_local_image_pull', 'discard_unpacked_layers', 'image_pull_with_sync_fs'].some(
      (key) => at(key)?.value === true,
    ) ||
    (typeof concurrent === 'number' && concurrent !== 3) ||
    at('disable_snapshot_annotations')?.value === false ||
    ['mirrors', 'configs', 'auths'].some((key) => isFullTable(at('registry', key)?.value))
  )
}

function isSetting<Value extends TomlValue>(
  setting: Setting | undefined,
  is: (value: TomlValue | undefined) => value is Value,
): setting is Setting<Value> {
  return setting !== undefined && is(setting.value)
}

function isFullText(value: TomlValue | undefined): value is string {
  return typeof value === 'string' && value !== ''
}

function isFullTable(value: TomlValue | undefined): value is TomlTable {
  return isTable(value) && Object.keys(value).length > 0
}

function hasTls(value: TomlValue | undefined): value is TomlTable {
  return isTable(value) && Object.values(value).some((one) => isTable(one) && isTable(one.tls))
}
