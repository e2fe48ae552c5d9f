import type { Checkup } from './checkup.ts'
import { checkHostsFile, type FolderState, HUB_NAMES, HOSTS_NAME as NAME } from './containerd-hosts-file.ts'
import type { NodeFiles } from './node-files.ts'
import { isRegistryName, registryNameFault } from './registry-name.ts'

/** The hosts.toml files below a folder, one level down, and those that are not where containerd looks. */
export function hostsFiles(files: NodeFiles, folder: string): string[] {
  return files
    .list(folder)
    .filter((name) => files.list(`${folder}/${name}`).includes(NAME))
    .map((name) => `${folder}/${name}/${NAME}`)
}

/** Looks at a folder of hosts.toml files: their folders' names, and what is in them (docs/hosts.md of containerd). */
export function checkHostsFolder(checkup: Checkup, folder: string, state: FolderState): void {
  const names = checkup.files.list(folder)
  if (names.includes(NAME)) {
    checkup.fault(
      { file: `${folder}/${NAME}`, line: 1 },
      {
        rule: 'hosts-folder',
        effect: 'unused',
        problem: `${NAME} is right in ${folder}: it is read for no registry`,
        fix: `move it to ${folder}/HOST/${NAME}, or to ${folder}/_default/${NAME} for all registries`,
      },
    )
  }
  for (const name of names) checkHost(checkup, folder, name, state)
}

function checkHost(checkup: Checkup, folder: string, name: string, state: FolderState): void {
  const entries = checkup.files.list(`${folder}/${name}`)
  const file = `${folder}/${name}/${NAME}`
  if (!entries.includes(NAME)) {
    reportLookalikes(checkup, folder, name, entries)
    return
  }
  const fault = folderNameFault(checkup.files, folder, name)
  if (fault !== undefined) {
    checkup.fault({ file, line: 1 }, { rule: 'hosts-folder', effect: 'unused', ...fault })
  }
  checkHostsFile(checkup, file, registryOf(name), fault === undefined ? state : 'unused')
}

/** Files that are nearly hosts.toml, or deeper than it may be. */
function reportLookalikes(checkup: Checkup, folder: string, name: string, entries: readonly string[]): void {
  for (const entry of entries) {
    const path = `${folder}/${name}/${entry}`
    const isDeeper = checkup.files.list(path).includes(NAME)
    if (!isDeeper && !/^hosts?\.(?:tml|yaml|yml|json|conf)$|^host\.toml$|^config\.toml$/.test(entry)) continue
    checkup.fault(
      { file: isDeeper ? `${path}/${NAME}` : path, line: 1 },
      {
        rule: isDeeper ? 'hosts-folder' : 'hosts-file-name',
        effect: 'unused',
        problem: isDeeper
          ? `${name}/${entry} is a folder for part of a registry, of which containerd knows none`
          : `${entry} is not read: the file is called ${NAME}`,
        fix: `move it to ${folder}/${name}/${NAME}`,
      },
    )
  }
}

/** The registry of a folder's name: `HOST_PORT_` stands for `HOST:PORT`, and `_default` for all. */
export function registryOf(name: string): string {
  return name === '_default' ? '*' : name.replace(/^(.+)_([0-9]+)_$/, '$1:$2')
}

/** Why containerd finds no registry for a folder (`hostPaths`, containerd 2.2: `HOST_PORT_`, `HOST:PORT`, `_default`). */
function folderNameFault(
  files: NodeFiles,
  folder: string,
  name: string,
): { readonly problem: string; readonly fix: string } | undefined {
  const rename = (to: string) => `mv ${folder}/${name} ${folder}/${to}`
  if (name === '_default') return undefined
  if (HUB_NAMES.includes(name)) {
    return {
      problem: `references to Docker Hub begin with docker.io, not with ${name}`,
      fix: rename('docker.io'),
    }
  }
  if (name === '*' || name === 'default' || name === '_default_') {
    return { problem: 'the folder for all registries is _default', fix: rename('_default') }
  }
  const [, host, port] = /^(.+?)[_-]([0-9]{2,5})$/.exec(name) ?? []
  if (host !== undefined && /_[0-9]+$/.test(name)) {
    return {
      problem: `of ${host}:${port} the folder is ${host}_${port}_ or ${host}:${port}`,
      fix: rename(`${host}_${port}_`),
    }
  }
  const registry = registryOf(name)
  if (!isRegistryName(registry)) {
    return {
      problem: `no reference begins with ${name}: ${registryNameFault(registry)}`,
      fix: rename('HOST'),
    }
  }
  const first = registry === name ? name.replace(/:([0-9]+)$/, '_$1_') : name
  if (first !== name && files.list(`${folder}/${first}`).length > 0) {
    return {
      problem: `${folder}/${first} is there too, and is the one that is read`,
      fix: `keep one of the two`,
    }
  }
  return undefined
}
