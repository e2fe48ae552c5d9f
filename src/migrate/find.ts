import { findInCi } from './finders/ci.ts'
import { findInClusterApi } from './finders/cluster-api.ts'
import { findInCompose } from './finders/compose.ts'
import { findInContainerd } from './finders/containerd.ts'
import { findInCrio } from './finders/crio.ts'
import { findInDockerDaemon } from './finders/docker-daemon.ts'
import { findInDockerfile } from './finders/dockerfile.ts'
import { createFlagFinder } from './finders/flags.ts'
import { findHelmTemplate } from './finders/helm-template.ts'
import { findInK3s } from './finders/k3s.ts'
import { findInKops } from './finders/kops.ts'
import { findHelmValues, findKubeadm, findKubernetes, findKustomize } from './finders/kubernetes.ts'
import { findInMakefile } from './finders/makefile.ts'
import { findInRegistriesConf } from './finders/registries-conf.ts'
import { findInShell } from './finders/shell.ts'
import { findInTalos } from './finders/talos.ts'
import { findInTerraform } from './finders/terraform.ts'
import { findInText } from './finders/text.ts'
import { formatOf } from './format.ts'
import type { Finder, Format, Found, SourceText } from './found.ts'

/** What finds references of each format. Files of some formats hold documents of others besides. */
const FINDERS: Readonly<Record<Format, readonly Finder[]>> = {
  kubernetes: [findKubernetes],
  'helm-values': [findHelmValues],
  'helm-template': [findHelmTemplate],
  kustomize: [findKustomize],
  kubeadm: [findKubeadm],
  kubelet: [createFlagFinder('kubelet')],
  containerd: [findInContainerd],
  crio: [findInCrio],
  'registries-conf': [findInRegistriesConf],
  'cri-dockerd': [createFlagFinder('cri-dockerd')],
  'docker-daemon': [findInDockerDaemon],
  k3s: [findInK3s],
  talos: [findInTalos],
  kops: [findInKops, findKubernetes],
  'cluster-api': [findInClusterApi, findKubernetes],
  dockerfile: [findInDockerfile],
  compose: [findInCompose],
  terraform: [findInTerraform],
  ci: [findInCi],
  makefile: [findInMakefile],
  shell: [findInShell],
  text: [],
}

/**
 * Finds the references of a text by its format, in the order of the text. With `includeText` whatever else looks like
 * one is found too, wherever it stands: in comments, prose, URLs, and files of no known format.
 */
export function findReferences(
  source: SourceText,
  { includeText = false }: { readonly includeText?: boolean } = {},
): Found[] {
  const finders = FINDERS[formatOf(source.path, source.text)]
  const [first, ...others] = includeText ? [...finders, findInText] : finders
  const found = [...(first?.(source) ?? [])]
  for (const finder of others) {
    const taken = found.flatMap(spansOf).sort((one, other) => one.start - other.start)
    for (const one of finder(source)) if (!spansOf(one).some((span) => overlaps(taken, span))) found.push(one)
  }
  return found.sort((one, other) => startOf(one) - startOf(other))
}

function spansOf({ parts }: Found): { start: number; end: number }[] {
  return Object.values(parts).map(({ span }) => span)
}

function startOf(found: Found): number {
  return Math.min(...spansOf(found).map(({ start }) => start))
}

/** `taken` is in order and its spans hardly overlap one another, so that the last one that begins before is enough. */
function overlaps(
  taken: readonly { start: number; end: number }[],
  { start, end }: { start: number; end: number },
): boolean {
  let [low, high] = [0, taken.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (taken[middle]!.start < end) low = middle + 1
    else high = middle
  }
  return low > 0 && taken[low - 1]!.end > start
}
