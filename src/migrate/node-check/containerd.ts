import type { Checkup } from './checkup.ts'
import { type ContainerdFile, readContainerdFiles } from './containerd-files.ts'
import { type ContainerdPlace, checkFolders } from './containerd-folders.ts'
import { hostsFiles } from './containerd-hosts.ts'
import { checkMirrorTables } from './containerd-mirrors.ts'
import {
  CRI_IMAGES,
  CRI_SHORT,
  CRI_V1,
  type CriSettings,
  configVersionOf,
  criPlugins,
  criSettings,
  type ReadFile,
  readFiles,
  settings,
} from './containerd-settings.ts'
import { hasFolder } from './node-files.ts'
import { isTomlFault } from './toml-document.ts'

/** Looks at containerd: whether its config can be read, and whether what is set for registries is used by pulls. */
export function checkContainerd(checkup: Checkup, place: ContainerdPlace): void {
  const { loaded, missing } = readContainerdFiles(checkup.files, place.config)
  for (const { path } of loaded) checkup.read.add(path)
  for (const { from, line, path } of missing) {
    checkup.fault(
      { file: from, line },
      {
        rule: 'import-missing',
        effect: 'broken',
        problem: `imports ${path}, which is not there: containerd does not start`,
        fix: `make ${path}, or take it out of imports (only a pattern with * may match nothing)`,
      },
    )
  }
  const broken = loaded.filter(({ read }) => isTomlFault(read))
  for (const file of broken) reportBrokenToml(checkup, file)
  if (loaded.length === 0 && hostsFiles(checkup.files, place.hosts ?? '').length === 0) return
  const files = readFiles(loaded)
  if (broken.length === 0) {
    checkPluginNames(checkup, files)
    checkDisabled(checkup, files)
    checkReplacedTables(checkup, files)
  }
  const cri = criSettings(files, checkup.request.version)
  checkConflicts(checkup, cri)
  checkFolders(checkup, cri, place, broken.length > 0)
  checkMirrorTables(checkup, cri)
}

function reportBrokenToml(checkup: Checkup, { path, read }: ContainerdFile): void {
  if (!isTomlFault(read)) return
  checkup.fault(
    { file: path, line: read.line },
    {
      rule: 'not-toml',
      effect: 'broken',
      problem: `is no TOML, so that containerd does not start: ${read.reason}`,
      fix: 'mend the line; a table that is there twice has to be one',
    },
  )
}

/** Tables of plugins that this config's version does not read. */
function checkPluginNames(checkup: Checkup, files: readonly ReadFile[]): void {
  const configVersion = configVersionOf(files)
  const read = criPlugins(configVersion, checkup.request.version)
  for (const name of [CRI_V1, CRI_IMAGES, CRI_SHORT]) {
    if (read.includes(name)) continue
    for (const at of settings(files, ['plugins', name])) {
      // Version 3 has other settings under the old name too, such as those of its streaming server.
      const isAboutImages = ['registry', 'sandbox_image', 'pinned_images'].some(
        (key) => settings(files, ['plugins', name, key]).length > 0,
      )
      if (!isAboutImages) continue
      checkup.fault(at, {
        rule: 'plugin-name',
        effect: 'unused',
        problem:
          name === CRI_IMAGES && read.includes(CRI_V1)
            ? `containerd 1.x has no plugin ${JSON.stringify(name)}`
            : configVersion <= 1
              ? `plugins.${JSON.stringify(name)} is not read: a config without "version = 2" is one of version 1`
              : `plugins.${JSON.stringify(name)} is not read in a config of version ${configVersion}`,
        fix:
          configVersion <= 1
            ? 'write "version = 2" as the first line'
            : `name the table plugins.${JSON.stringify(read.at(-1))}`,
      })
    }
  }
}

function checkDisabled(checkup: Checkup, files: readonly ReadFile[]): void {
  const wantsCri =
    hasFolder(checkup.files, '/etc/kubernetes') ||
    hasFolder(checkup.files, '/var/lib/kubelet') ||
    [CRI_V1, CRI_IMAGES, CRI_SHORT].some((name) => settings(files, ['plugins', name]).length > 0)
  for (const { value, ...at } of settings(files, ['disabled_plugins'])) {
    const names = Array.isArray(value) ? value : []
    if (names.includes(CRI_SHORT) && configVersionOf(files) >= 2) {
      checkup.fault(at, {
        rule: 'disabled-plugin-name',
        effect: 'broken',
        problem: 'disabled_plugins has "cri", which is no full name: containerd does not start',
        fix: `take it out, or write ${JSON.stringify(CRI_V1)}`,
      })
    } else if (wantsCri && (names.includes(CRI_SHORT) || names.includes(CRI_V1))) {
      checkup.fault(at, {
        rule: 'cri-disabled',
        effect: 'broken',
        problem: 'the CRI plugin is disabled: a kubelet cannot pull by this containerd',
        fix: 'take it out of disabled_plugins and restart containerd',
      })
    }
  }
}

/** containerd 1.x forgets what earlier files have in a plugin's table once a later file has that table. */
function checkReplacedTables(checkup: Checkup, files: readonly ReadFile[]): void {
  const { version } = checkup.request
  if ((version !== undefined && version.major >= 2) || configVersionOf(files) > 2) return
  const tables = settings(files, ['plugins', CRI_V1])
  const last = tables.at(-1)
  if (last === undefined) return
  const keysOf = (file: string) => new Set(lostKeys(files.filter(({ path }) => path === file)))
  const kept = keysOf(last.file)
  for (const { file, line } of tables.slice(0, -1)) {
    const lost = [...keysOf(file)].filter((key) => !kept.has(key))
    if (lost.length === 0) continue
    checkup.fault(
      { file, line },
      {
        rule: 'table-replaced',
        effect: 'unused',
        problem: `${lost.join(' and ')}: ${last.file} has the same table, which takes the place of this one as a whole`,
        fix: `set all keys of plugins."${CRI_V1}" in ${last.file}`,
        versions: 'containerd 1.x',
      },
    )
  }
}

function lostKeys(files: readonly ReadFile[]): string[] {
  const paths = [
    ['sandbox_image'],
    ['registry', 'config_path'],
    ['registry', 'mirrors'],
    ['registry', 'configs'],
  ]
  return paths
    .filter((path) => settings(files, ['plugins', CRI_V1, ...path]).length > 0)
    .map((path) => path.join('.'))
}

/** What the CRI plugin refuses, and does not start with (`ValidateImageConfig` of containerd). */
function checkConflicts(checkup: Checkup, { configPath, mirrors, tls }: CriSettings): void {
  if (configPath === undefined) return
  if (mirrors !== undefined) {
    checkup.fault(mirrors, {
      rule: 'mirrors-and-config-path',
      effect: 'broken',
      problem: `registry.mirrors stands beside config_path (${configPath.file}:${configPath.line}): the CRI plugin does not start`,
      fix: `put each mirror into ${configPath.value.split(':')[0]}/HOST/hosts.toml, and take registry.mirrors out`,
    })
  }
  if (tls === undefined) return
  const isOld = (checkup.request.version?.major ?? 1) < 2
  checkup.fault(tls, {
    rule: 'tls-and-config-path',
    effect: isOld ? 'broken' : 'unused',
    problem: isOld
      ? 'registry.configs has tls beside config_path: the CRI plugin does not start'
      : 'registry.configs has tls, which containerd 2.x does not know',
    fix: 'put ca, client and skip_verify into hosts.toml',
    versions: 'containerd 1.x; 2.x does not know it',
  })
}
