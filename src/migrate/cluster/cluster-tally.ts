import type { ClusterResource, WorkloadResource } from '../../cluster/resources.ts'
import { findKubeadm } from '../finders/kubernetes.ts'
import type { Finding } from '../finding.ts'
import { findingsOf } from '../findings.ts'
import type { Found } from '../found.ts'
import type { RegistryMap } from '../map.ts'
import { type ClusterObject, imagesOf, isCopy, readClusterObject } from './cluster-object.ts'
import { CustomReferences } from './custom-references.ts'
import { CustomTally } from './custom-tally.ts'
import { collect, type Entries, type Entry, keyOf, sourceKeyOf, together } from './entry.ts'
import { OwnerChains } from './owner-chains.ts'
import { NOWHERE, withoutPlace } from './placeless.ts'
import { PodReferences } from './pod-references.ts'
import { PullFailures } from './pull-failures.ts'

/** What is reported of a cluster at most, so that no cluster fills the memory. */
const ENTRIES_MAX = 200_000
const IMAGES_MAX = 50_000

const APPLIED = 'it lives in a cluster: change it where it is applied from'
const STATIC = 'a static pod: change its manifest on that node'
const DRIFTED = 'its pods run it though its template does not name it: restart them, or see what changes pods'
const MADE = 'another object controls what names it: change it there, or where that has it from'
const KUBEADM = 'kubeadm reads it at the next upgrade: kubectl -n kube-system edit configmap kubeadm-config'

/** What every tally of one cluster shares. */
interface References {
  readonly pods: PodReferences
  readonly custom: CustomReferences
}

/**
 * Gathers the references of a cluster's objects, as they are listed: those of all pods of one owner are one, with a
 * count. The owner is the one at the top of the chain, such as the Deployment of a pod's ReplicaSet.
 */
export class ClusterTally {
  readonly pulls = new PullFailures()
  readonly custom: CustomTally
  readonly #map: RegistryMap
  readonly #references: References
  readonly #images = new Set<string>()
  #objects = 0
  #garbled = 0
  #dropped = 0
  readonly #entries: Entries = new Map()
  readonly #chains = new OwnerChains()
  /** Keys of all whose template was looked at. */
  readonly #templates = new Set<string>()
  #kubeadm: readonly Found[] = []

  constructor(
    map: RegistryMap,
    references: References = { pods: new PodReferences(map), custom: new CustomReferences(map) },
  ) {
    this.#map = map
    this.#references = references
    this.custom = new CustomTally(references.custom)
  }

  /** How many objects were looked at. */
  get objects(): number {
    return this.#objects
  }

  /** How many objects were of no known form. */
  get garbled(): number {
    return this.#garbled
  }

  /** How many references were left out because there are far too many. */
  get dropped(): number {
    return this.#dropped
  }

  /** What its pods pull and its workloads would, whatever its name, as it is written there; each once. */
  get images(): ReadonlySet<string> {
    return this.#images
  }

  /** An empty one for a part of the same cluster, to be merged when that was read to its end. */
  begin(): ClusterTally {
    return new ClusterTally(this.#map, this.#references)
  }

  merge(part: ClusterTally): void {
    this.#objects += part.#objects
    this.#garbled += part.#garbled
    this.#dropped += part.#dropped
    this.#note(part.#images)
    for (const entry of part.#entries.values()) this.#count(entry)
    for (const key of part.#templates) this.#templates.add(key)
    this.#chains.merge(part.#chains)
    this.custom.merge(part.custom)
    this.pulls.merge(part.pulls)
  }

  /** Takes the items of a list of one kind. */
  add(resource: WorkloadResource, items: readonly unknown[]): void {
    for (const item of items) {
      this.#objects++
      const object = readClusterObject(resource, item)
      if (object === undefined) this.#garbled++
      else if (resource.kind === 'Pod') this.#addPod(object)
      else this.#addWorkload(resource, object)
    }
  }

  /** Takes the items of a list of custom resources. */
  addCustom(resource: ClusterResource, items: readonly unknown[]): void {
    for (const item of items) {
      this.#objects++
      const entries = this.custom.add(resource, item, this.#chains)
      if (entries === undefined) this.#garbled++
      else for (const entry of entries) this.#count(entry)
    }
  }

  /** Takes the items of a list of events. */
  addEvents(items: readonly unknown[]): void {
    this.pulls.add(items)
  }

  /** Takes the ClusterConfiguration of kubeadm, a text in the data of its ConfigMap. */
  addKubeadm(text: string): void {
    this.#kubeadm = findKubeadm({ path: 'kubeadm.yaml', text }).map((found) => ({
      ...withoutPlace(found),
      owner: `ConfigMap/kube-system/kubeadm-config ${found.owner}`,
    }))
  }

  /** What the map says of all of it, in the order of the owners; `path` is where it is said to be. */
  findings(path: string): Finding[] {
    const findings = [...this.#byOwner()]
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .flatMap(([, entry]) => findingOf(entry, this.#map))
    const kubeadm = this.#kubeadm.map((found) => ({ ...found, fixed: KUBEADM }))
    return [...findingsOf(NOWHERE, kubeadm, this.#map), ...findings].map((finding) => ({ ...finding, path }))
  }

  /** Each entry with what is at the top of its chain; what a custom resource there says itself is its alone. */
  #byOwner(): Entries {
    const grouped: Entries = new Map()
    const sources = new Map<string, string>()
    const made: Entry[] = []
    for (const entry of this.#entries.values()) {
      if (entry.custom === undefined || entry.custom.isControlled) {
        made.push(this.#raised(entry))
        continue
      }
      collect(grouped, entry)
      const source = sourceKeyOf(entry)
      const before = sources.get(source)
      const isFirst = before === undefined || keyOf(entry) < before
      if (entry.found.guard === undefined && isFirst) sources.set(source, keyOf(entry))
    }
    for (const entry of made) {
      const source = sources.get(sourceKeyOf(entry))
      if (source === undefined) collect(grouped, entry)
      else grouped.set(source, together(grouped.get(source)!, entry))
    }
    return grouped
  }

  #raised(entry: Entry): Entry {
    const chain = this.#chains.of(entry.owner)
    const owner = chain.at(-1)!
    if (entry.custom !== undefined) {
      const { found, custom } = entry
      return { ...entry, owner, found: { ...found, owner: `${custom.kind} ${found.owner}` } }
    }
    const isTemplateKnown = chain.some((key) => this.#templates.has(key))
    return { ...entry, owner, inTemplate: entry.inTemplate || !isTemplateKnown }
  }

  #addPod({ key, controller, staticOn, ended, podSpec }: ClusterObject): void {
    if (ended) return
    this.#note(imagesOf(podSpec))
    for (const found of this.#references.pods.find(podSpec)) {
      this.#count({
        ...{ owner: controller ?? key, found, pods: controller ? 1 : 0, inTemplate: false },
        ...(staticOn !== undefined && { staticOn }),
      })
    }
  }

  #addWorkload(resource: WorkloadResource, object: ClusterObject): void {
    const { key, controller, ended, podSpec } = object
    if (controller !== undefined) this.#chains.add(key, controller)
    if (isCopy(resource, object) || ended) return
    this.#templates.add(key)
    this.#note(imagesOf(podSpec))
    for (const found of this.#references.pods.find(podSpec)) {
      this.#count({ owner: key, found, pods: 0, inTemplate: true })
    }
  }

  #note(images: Iterable<string>): void {
    for (const image of images) if (this.#images.size < IMAGES_MAX) this.#images.add(image)
  }

  #count(entry: Entry): void {
    if (this.#entries.size >= ENTRIES_MAX && !this.#entries.has(keyOf(entry))) this.#dropped++
    else collect(this.#entries, entry)
  }
}

function findingOf({ owner, found, staticOn, pods, inTemplate, custom }: Entry, map: RegistryMap): Finding[] {
  const applied = custom?.isControlled ? MADE : APPLIED
  const fixed = staticOn !== undefined ? STATIC : inTemplate ? applied : DRIFTED
  const top = staticOn === undefined ? owner : `${owner} (static, node ${staticOn})`
  const one: Found = { ...found, owner: `${top} ${found.owner}`, fixed }
  return findingsOf(NOWHERE, [one], map).map((finding) => ({ ...finding, ...(pods > 0 && { pods }) }))
}
