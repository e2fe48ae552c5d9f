import { findInCi } from './finders/ci.ts'
import { findInClusterApi } from './finders/cluster-api.ts'
import { withComparisons } from './finders/comparison.ts'
import { findInCompose } from './finders/compose.ts'
import { findInContainerd } from './finders/containerd.ts'
import { withCopies } from './finders/copy-names.ts'
import { findInCrio } from './finders/crio.ts'
import { findInDockerDaemon } from './finders/docker-daemon.ts'
import { findInDockerfile } from './finders/dockerfile.ts'
import { createFlagFinder } from './finders/flags.ts'
import { findInK3s } from './finders/k3s.ts'
import { findInKops } from './finders/kops.ts'
import {
  findHelmTemplate,
  findHelmValues,
  findKubeadm,
  findKubernetes,
  findKustomize,
} from './finders/kubernetes.ts'
import { createLineFinder } from './finders/lines.ts'
import { findInMakefile } from './finders/makefile.ts'
import { byPlace, without } from './finders/overlap.ts'
import { findInPolicy } from './finders/policy.ts'
import { createProgramFinder } from './finders/program.ts'
import { findInRegistriesConf } from './finders/registries-conf.ts'
import { findSettings } from './finders/settings.ts'
import { findInScript, findInShell } from './finders/shell.ts'
import { findInTalos } from './finders/talos.ts'
import { findInActions } from './finders/template-actions.ts'
import { findInTerraform } from './finders/terraform.ts'
import { findInText } from './finders/text.ts'
import { createTomlFinder } from './finders/toml-finder.ts'
import { findInUnit } from './finders/unit.ts'
import { createYamlFinder } from './finders/yaml-finder.ts'
import { formatOf, looksLike } from './format.ts'
import type { EmbeddedText, Finder, FinderTools, Format, Found, SourceText, Unread } from './found.ts'

const findInJenkinsfile = createProgramFinder('ci', 'likely')
const findNothing: Finder = () => []

/** What finds the references of each format. */
const FINDERS: Readonly<Record<Format, Finder>> = {
  kubernetes: findKubernetes,
  'helm-values': findHelmValues,
  'helm-template': findHelmTemplate,
  kustomize: findKustomize,
  kubeadm: findKubeadm,
  kubelet: both(createFlagFinder('kubelet'), findInUnit),
  containerd: findInContainerd,
  crio: findInCrio,
  'registries-conf': findInRegistriesConf,
  'cri-dockerd': both(createFlagFinder('cri-dockerd'), findInUnit),
  'docker-daemon': findInDockerDaemon,
  k3s: findInK3s,
  talos: findInTalos,
  kops: findInKops,
  'cluster-api': findInClusterApi,
  dockerfile: withActions(findInDockerfile, 'dockerfile'),
  compose: findInCompose,
  terraform: findInTerraform,
  ci: (source, tools) =>
    /\.ya?ml$/i.test(source.path) ? findInCi(source, tools) : findInJenkinsfile(source, tools),
  makefile: withActions(findInMakefile, 'makefile'),
  shell: withActions(findInShell, 'shell'),
  ansible: createYamlFinder({ format: 'ansible' }),
  'cloud-init': createYamlFinder({ format: 'cloud-init' }),
  toml: createTomlFinder({ format: 'toml' }),
  ini: createLineFinder('ini'),
  unit: findInUnit,
  policy: findInPolicy,
  'image-list': createLineFinder('image-list'),
  program: createProgramFinder('program', 'code'),
  text: findNothing,
}
/** Texts within texts within texts are followed so deep. */
const DEPTH_MAX = 4

/** What was found in a text, in its order, and what of it could not be read. */
export interface Reading {
  readonly found: readonly Found[]
  readonly unread: readonly Unread[]
}

/** Reads a text by its format; of long ones only the parts that are relevant, where something says which are. */
export function readReferences(source: SourceText, isRelevant?: FinderTools['isRelevant']): Reading {
  const unread: Unread[] = []
  const tools: FinderTools = {
    findWithin: (inner) => findWithin(inner, 1),
    unread: (what) => unread.push(what),
    isRelevant,
  }
  const found = FINDERS[formatOf(source.path, source.text)](source, tools)
  return { found: withCopies(source.text, withComparisons(source.text, found)), unread }
}

/**
 * Finds the references of a text by its format, in the order of the text. With `includeText` whatever else looks like
 * one is found too, wherever it stands: in comments, prose, URLs, and files of no known format.
 */
export function findReferences(
  source: SourceText,
  { includeText = false }: { readonly includeText?: boolean } = {},
): Found[] {
  const { found } = readReferences(source)
  return includeText ? withText(source, found) : [...found]
}

/** What was found, and whatever else looks like a reference. */
export function withText(source: SourceText, found: readonly Found[]): Found[] {
  return [...found, ...without(found, findInText(source))].sort(byPlace)
}

/** Finds in a text within another by its name, else by its looks; lines of what looks like nothing are read as a script's. */
function findWithin({ text, name = '', isScript = false }: EmbeddedText, depth: number): readonly Found[] {
  const tools: FinderTools = {
    findWithin: (inner) => (depth < DEPTH_MAX ? findWithin(inner, depth + 1) : []),
    unread() {},
  }
  const named = formatOf(name, text)
  const isVague = named === 'text' || named === 'ini' || named === 'image-list'
  const format = !isVague
    ? named
    : isScript && !/^\s*[{[]/.test(text)
      ? 'shell'
      : (looksLike(text) ?? (named === 'text' ? undefined : named))
  const source = { path: name, text }
  if (format !== undefined) {
    const found = FINDERS[format](source, tools)
    if (found.length > 0 || !isVague) return found
  }
  const span = { start: 0, end: text.length }
  const commands = findInScript(text, span, 'shell').filter(({ confidence }) => confidence === 'certain')
  const settings = findSettings(text, span, { format: 'shell', owner: 'line', confidence: 'likely' })
  return [...commands, ...without(commands, settings)].sort(byPlace)
}

/** Strings in the actions of a template too: `IMAGE={{ image | default('REFERENCE') }}`. */
function withActions(finder: Finder, format: Format): Finder {
  return both(finder, ({ text }) => (text.includes('{{') ? findInActions(text, format) : []))
}

function both(first: Finder, second: Finder): Finder {
  return (source, tools) => {
    const found = [...first(source, tools)]
    found.push(...without(found, second(source, tools)))
    return found.sort(byPlace)
  }
}
