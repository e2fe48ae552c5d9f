import type { ClusterResource } from '../../cluster/resources.ts'
import { findKubeadm } from '../finders/kubernetes.ts'
import type { Finding } from '../finding.ts'
import { findingsOf } from '../findings.ts'
import type { Found } from '../found.ts'
import type { RegistryMap } from '../map.ts'
import { writtenOf } from '../name.ts'
import { type ClusterObject, readClusterObject } from './cluster-object.ts'
import { NOWHERE, PodReferences, withoutPlace } from './pod-references.ts'

/** What is reported of a cluster at most, so that no cluster fills the memory. */
const ENTRIES_MAX = 200_000
/** Longer chains of owners than this are circles. */
const CHAIN_MAX = 8

const APPLIED = 'it lives in a cluster: change it where it is applied from'
const STATIC = 'a static pod: change its manifest on that node'
const DRIFTED = 'its pods run it though its template does not name it: restart them, or see what changes pods'
const KUBEADM = 'kubeadm reads it at the next upgrade: kubectl -n kube-system edit configmap kubeadm-config'

/** One reference of one owner. */
interface Entry {
  /** What it stands in, or what controls the pods that it stands in. */
  readonly owner: string
  readonly found: Found
  readonly staticOn: string | undefined
  pods: number
  inTemplate: boolean
}

/**
 * Gathers the references of a cluster's objects, as they are listed: those of all pods of one owner are one, with a
 * count. The owner is the one at the top of the chain, such as the Deployment of a pod's ReplicaSet.
 */
export class ClusterTally {
  readonly #map: RegistryMap
  readonly #references: PodReferences
  #objects = 0
  #garbled = 0
  #dropped = 0
  readonly #entries = new Map<string, Entry>()
  readonly #controllers = new Map<string, string>()
  /** Keys of all whose template was looked at. */
  readonly #templates = new Set<string>()
  #kubeadm: readonly Found[] = []

  constructor(map: RegistryMap, references = new PodReferences(map)) {
    this.#map = map
    this.#references = references
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

  /** An empty one for a part of the same cluster, to be merged when that was read to its end. */
  begin(): ClusterTally {
    return new ClusterTally(this.#map, this.#references)
  }

  merge(part: ClusterTally): void {
    this.#objects += part.#objects
    this.#garbled += part.#garbled
    this.#dropped += part.#dropped
    for (const entry of part.#entries.values()) this.#count(entry)
    for (const [key, controller] of part.#controllers) this.#controllers.set(key, controller)
    for (const key of part.#templates) this.#templates.add(key)
  }

  /** Takes the items of a list of one kind. */
  add(resource: ClusterResource, items: readonly unknown[]): void {
    for (const item of items) {
      this.#objects++
      const object = readClusterObject(resource, item)
      if (object === undefined) this.#garbled++
      else if (resource.kind === 'Pod') this.#addPod(object)
      else this.#addWorkload(resource, object)
    }
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
    const grouped = new Map<string, Entry>()
    for (const entry of this.#entries.values()) {
      const chain = this.#chainOf(entry.owner)
      const isTemplateKnown = chain.some((key) => this.#templates.has(key))
      collect(grouped, { ...entry, owner: chain.at(-1)!, inTemplate: entry.inTemplate || !isTemplateKnown })
    }
    const findings = [...grouped]
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .flatMap(([, { owner, found, staticOn, pods, inTemplate }]) => {
        const fixed = staticOn !== undefined ? STATIC : inTemplate ? APPLIED : DRIFTED
        const top = staticOn === undefined ? owner : `${owner} (static, node ${staticOn})`
        const [finding] = findingsOf(
          NOWHERE,
          [{ ...found, owner: `${top} ${found.owner}`, fixed }],
          this.#map,
        )
        return finding === undefined ? [] : [{ ...finding, ...(pods > 0 && { pods }) }]
      })
    const kubeadm = this.#kubeadm.map((found) => ({ ...found, fixed: KUBEADM }))
    return [...findingsOf(NOWHERE, kubeadm, this.#map), ...findings].map((finding) => ({ ...finding, path }))
  }

  #addPod({ key, controller, staticOn, ended, podSpec }: ClusterObject): void {
    if (ended) return
    for (const found of this.#references.find(podSpec)) {
      this.#count({ owner: controller ?? key, found, staticOn, pods: controller ? 1 : 0, inTemplate: false })
    }
  }

  #addWorkload({ kind }: ClusterResource, { key, controller, ended, podSpec }: ClusterObject): void {
    if (controller !== undefined) this.#controllers.set(key, controller)
    // What a controller has made of its own template says no more than that, or is what was there before it.
    const isCopy =
      controller !== undefined && (kind.startsWith('Replica') || controller.startsWith('CronJob/'))
    if (isCopy || ended) return
    this.#templates.add(key)
    for (const found of this.#references.find(podSpec)) {
      this.#count({ owner: key, found, staticOn: undefined, pods: 0, inTemplate: true })
    }
  }

  #count(entry: Entry): void {
    if (this.#entries.size >= ENTRIES_MAX && !this.#entries.has(keyOf(entry))) this.#dropped++
    else collect(this.#entries, entry)
  }

  /** From what a pod is controlled by to the top. */
  #chainOf(owner: string): string[] {
    const chain = [owner]
    for (
      let above = this.#controllers.get(owner);
      above !== undefined;
      above = this.#controllers.get(above)
    ) {
      if (chain.length >= CHAIN_MAX) break
      chain.push(above)
    }
    return chain
  }
}

/** Adds an entry, or counts it with the one that is the same. */
function collect(entries: Map<string, Entry>, entry: Entry): void {
  const key = keyOf(entry)
  const same = entries.get(key)
  if (same === undefined) {
    entries.set(key, entry)
    return
  }
  same.pods += entry.pods
  same.inTemplate ||= entry.inTemplate
}

function keyOf({ owner, found }: Entry): string {
  return `${owner} ${found.owner} ${writtenOf(found.parts)}`
}
