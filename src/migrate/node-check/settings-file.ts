import type { Checkup } from './checkup.ts'
import { checkContainerd } from './containerd.ts'
import { registryOf } from './containerd-hosts.ts'
import { checkHostsFile } from './containerd-hosts-file.ts'
import { checkDocker } from './docker.ts'
import { checkRegistriesYaml } from './k3s.ts'
import { checkKops } from './kops.ts'
import { checkKubeadm } from './kubeadm.ts'
import { nameOf, parentOf } from './node-files.ts'
import { checkOpenshift, isSet } from './openshift.ts'
import { checkPolicy } from './policy.ts'
import { checkRegistriesFile } from './registries-conf.ts'
import { isSettingsFault, readSettings, type SettingsDocument, valueAt } from './settings-text.ts'
import { checkTalos } from './talos.ts'

/** How a file is told, and what is looked at in it; the first that fits. */
const KINDS: readonly {
  readonly tool: string
  readonly fits: (name: string, text: string) => boolean
  readonly check: (checkup: Checkup, path: string) => void
}[] = [
  {
    tool: 'containerd',
    fits: (name) => name === 'hosts.toml',
    check: (checkup, path) => checkHostsFile(checkup, path, registryOf(nameOf(parentOf(path))), 'used'),
  },
  {
    tool: 'containerd',
    fits: (name, text) =>
      name.endsWith('.toml') &&
      /io\.containerd\.|^\s*(?:imports|disabled_plugins)\s*=|plugins\.cri\b/m.test(text),
    check: (checkup, path) => checkContainerd(checkup, { config: path }),
  },
  {
    tool: 'crio',
    fits: (name, text) =>
      /\.(?:conf|toml)$/.test(name) && /^\s*\[\[?\s*registr|unqualified-search/m.test(text),
    check: checkRegistriesFile,
  },
  {
    tool: 'crio',
    fits: (name, text) => name === 'policy.json' || /"insecureAcceptAnything"|"signedBy"/.test(text),
    check: (checkup, path) => checkPolicy(checkup, [], path),
  },
  {
    tool: 'docker',
    fits: (name, text) =>
      name === 'daemon.json' || (name.endsWith('.json') && /"registry-mirrors"/.test(text)),
    check: checkDocker,
  },
  {
    tool: 'k3s',
    fits: (name, text) => /\.ya?ml$/.test(name) && /^(?:mirrors|configs):/m.test(text),
    check: (checkup, path) => checkRegistriesYaml(checkup, path, false),
  },
]

const DOCUMENTS: readonly {
  readonly tool: string
  readonly fits: (value: unknown) => boolean
  readonly check: (checkup: Checkup, path: string, document: SettingsDocument) => void
}[] = [
  {
    tool: 'kubeadm',
    fits: (value) => String(valueAt(value, 'apiVersion')).startsWith('kubeadm.k8s.io/'),
    check: checkKubeadm,
  },
  {
    tool: 'talos',
    fits: (value) =>
      valueAt(value, 'machine') !== undefined || valueAt(value, 'kind') === 'RegistryMirrorConfig',
    check: checkTalos,
  },
  {
    tool: 'kops',
    fits: (value) => /^kops(?:\.k8s\.io)?\//.test(String(valueAt(value, 'apiVersion'))),
    check: checkKops,
  },
]

/** Looks at one file, and gives whose settings it holds; `undefined` when it holds none that are known. */
export function checkSettingsFile(checkup: Checkup, path: string): string | undefined {
  const text = checkup.text(path)
  if (text === undefined) return undefined
  const kind = KINDS.find(({ fits }) => fits(nameOf(path), text))
  if (kind !== undefined) {
    checkup.as(kind.tool, () => kind.check(checkup, path))
    return kind.tool
  }
  return /\.(?:ya?ml|json)$/.test(path) ? checkDocuments(checkup, path, text) : undefined
}

/** Documents of one file are of several tools' making. */
function checkDocuments(checkup: Checkup, path: string, text: string): string | undefined {
  const read = readSettings(text)
  if (isSettingsFault(read)) {
    const tool = /^\s*"?apiVersion"?:|^machine:/m.test(text) ? 'yaml' : undefined
    if (tool === undefined) return undefined
    checkup.as(tool, () =>
      checkup.fault(
        { file: path, line: read.line },
        { rule: 'not-yaml', effect: 'broken', problem: `is no YAML: ${read.reason}`, fix: 'mend the line' },
      ),
    )
    return tool
  }
  const tools = read.flatMap((document) => {
    const kind = DOCUMENTS.find(({ fits }) => fits(document.value))
    if (kind === undefined) return []
    checkup.as(kind.tool, () => kind.check(checkup, path, document))
    return [kind.tool]
  })
  if (read.some(({ value }) => isSet(String(valueAt(value, 'kind'))))) {
    checkup.as('openshift', () => checkOpenshift(checkup, path, read))
    tools.push('openshift')
  }
  return tools[0]
}
