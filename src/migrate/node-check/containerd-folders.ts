import type { Checkup, Where } from './checkup.ts'
import { checkHostsFolder, hostsFiles } from './containerd-hosts.ts'
import type { FolderState } from './containerd-hosts-file.ts'
import type { CriSettings } from './containerd-settings.ts'

/** One containerd of a machine. */
export interface ContainerdPlace {
  readonly config: string
  /** The folder that people put `hosts.toml` into, whatever the config says; absent where only the config is asked about. */
  readonly hosts?: string
  /** What variables stand for that whoever starts it replaces in its config. */
  readonly variables?: Readonly<Record<string, string>>
}

/** What containerd reads when nobody says otherwise, since 2.2 on Linux (`plugins/cri/images/plugin.go`). */
const DEFAULT_PATHS = ['/etc/containerd/certs.d', '/etc/docker/certs.d']

/** Which folders containerd reads hosts.toml from, and which not. */
export function checkFolders(
  checkup: Checkup,
  cri: CriSettings,
  place: ContainerdPlace,
  isBroken: boolean,
): void {
  const { version } = checkup.request
  const folders = foldersOf(cri, place, version === undefined ? undefined : isDefaulted(version))
  const ignoresList = ignoresLists(cri, version)
  const isList = folders.paths.length > 1
  const state = stateOf(isBroken || cri.mirrors !== undefined, folders.paths.length, ignoresList)
  if (isList && cri.configPath !== undefined && ignoresList !== 'no') {
    checkup.fault(cri.configPath, {
      rule: 'config-path-list',
      effect: 'unused',
      problem: `config_path is ${JSON.stringify(cri.configPath.value)}: pulls take it for the name of one folder, and find none`,
      fix: `name one folder: config_path = ${JSON.stringify(folders.paths[0])}`,
      versions: 'containerd 2.1 and later',
    })
  }
  if (place.hosts === undefined) return
  for (const folder of folders.paths) checkHostsFolder(checkup, folder, state)
  const isNamed = cri.configPath !== undefined || state !== 'unused'
  if (isBroken || (folders.paths.includes(place.hosts) && isNamed)) return
  checkUnreadFolder(checkup, cri, place)
}

/** What becomes of hosts.toml files, by how many folders are named and whether pulls can tell them apart. */
function stateOf(isUnread: boolean, folders: number, ignoresList: 'yes' | 'no' | 'maybe'): FolderState {
  if (isUnread || folders === 0) return 'unused'
  if (folders === 1 || ignoresList === 'no') return 'used'
  return ignoresList === 'maybe' ? 'partly' : 'unused'
}

/** hosts.toml where nobody looks for it. */
function checkUnreadFolder(
  checkup: Checkup,
  { configPath, mirrors, plugin }: CriSettings,
  { hosts = '', config }: ContainerdPlace,
): void {
  const isDefault = configPath === undefined
  const [first] = hostsFiles(checkup.files, hosts)
  if (first === undefined) return
  const at: Where = configPath ?? { file: first, line: 1 }
  checkup.fault(at, {
    rule: 'config-path-unset',
    effect: 'unused',
    problem: isDefault
      ? `${config} sets no config_path: containerd up to 2.1 reads no hosts.toml, and the default of 2.2 and later is two folders in one text, which its pulls do not find`
      : `config_path is ${JSON.stringify(configPath.value)}: what is in ${hosts} is not read`,
    fix: `${mirrors === undefined ? '' : 'take registry.mirrors out, and '}set config_path = ${JSON.stringify(hosts)} in plugins.${JSON.stringify(plugin)}.registry of ${config}`,
  })
}

function foldersOf(
  { configPath, mirrors }: CriSettings,
  { variables = {} }: ContainerdPlace,
  isDefaulted: boolean | undefined,
): { readonly paths: readonly string[] } {
  if (configPath !== undefined) {
    const expanded = configPath.value.replace(/\$\{?(\w+)\}?/g, (all, name: string) =>
      Object.hasOwn(variables, name) ? variables[name]! : all,
    )
    return { paths: expanded.split(':').filter((path) => path !== '') }
  }
  return { paths: isDefaulted && mirrors === undefined ? DEFAULT_PATHS : [] }
}

function isDefaulted({ major, minor }: { readonly major: number; readonly minor: number }): boolean {
  return major > 2 || (major === 2 && minor >= 2)
}

/** Since 2.1 pulls go through the transfer service, unless something else in the config keeps them from it. */
function ignoresLists(
  { localPull }: CriSettings,
  version: { readonly major: number; readonly minor: number } | undefined,
): 'yes' | 'no' | 'maybe' {
  if (localPull) return 'no'
  if (version === undefined) return 'maybe'
  return version.major > 2 || (version.major === 2 && version.minor >= 1) ? 'yes' : 'no'
}
