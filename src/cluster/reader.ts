import type { Runtime } from '../runtime.ts'
import type { ClusterAccess } from './access.ts'
import { checkNamespaces, checkServer } from './check.ts'
import { type ClusterClient, clientUntil } from './client.ts'
import { findCustomKinds } from './custom-kinds.ts'
import { KindReader, type Refusals, type Tally } from './kind-reader.ts'
import type { NotSeen } from './not-seen.ts'
import type { ListLimits } from './read-list.ts'
import { type ClusterResource, POD_EVENTS, WORKLOADS, type WorkloadResource } from './resources.ts'

/** Takes the objects of one list; it counts when it is merged. */
export interface TallyPart {
  add(resource: WorkloadResource, items: readonly unknown[]): void
  addCustom(resource: ClusterResource, items: readonly unknown[]): void
  addEvents(items: readonly unknown[]): void
}

/** Takes what a cluster holds as it is read. */
export interface ObjectTally<Part extends TallyPart> extends Tally<Part> {
  /** The ClusterConfiguration of kubeadm, a text in the data of its ConfigMap. */
  addKubeadm(text: string): void
}

/** Bounds of what is read of a cluster. */
export interface ReaderLimits extends ListLimits {
  /** For all custom resources together, in milliseconds. */
  readonly customTimeout: number
  /** How many lists of custom resources in one namespace may be refused before no more are tried. */
  readonly refusalsMax: number
}

export interface ClusterReaderParts<Part extends TallyPart> {
  readonly tally: ObjectTally<Part>
  readonly limits: ReaderLimits
  readonly access: ClusterAccess
  readonly runtime: Pick<Runtime, 'now'>
}

const NAMESPACES = '/api/v1/namespaces'
const SYSTEM_NAMESPACE = 'kube-system'
const KUBEADM_CONFIG = 'kubeadm-config'

/** Reads one cluster, and keeps in mind what it could not read. */
export class ClusterReader<Part extends TallyPart> {
  readonly #client: ClusterClient
  readonly #parts: ClusterReaderParts<Part>
  readonly #notSeen: NotSeen[] = []
  readonly #kinds: KindReader<Part>
  #customKinds = 0

  constructor(client: ClusterClient, parts: ClusterReaderParts<Part>) {
    this.#client = client
    this.#parts = parts
    this.#kinds = new KindReader(client, { ...parts, notSeen: this.#notSeen })
  }

  /** Rejects with `UNREACHABLE` when it is no API server that answers. */
  async checkServer(): Promise<void> {
    await checkServer(this.#client, this.#parts.access)
  }

  /** Reads all that is looked at, of all namespaces or of these. Rejects with `USAGE` when there is no such namespace. */
  async read(wanted?: readonly string[]): Promise<void> {
    const namespaces = wanted && [...new Set(wanted)]
    await checkNamespaces(this.#client, this.#parts.access, namespaces ?? [])
    for (const resource of WORKLOADS)
      await this.#kinds.read({ resource, take: (part, items) => part.add(resource, items) }, namespaces)
    if (namespaces?.includes(SYSTEM_NAMESPACE) ?? true) await this.#readKubeadm()
    await this.#kinds.read({ resource: POD_EVENTS, take: (part, items) => part.addEvents(items) }, namespaces)
    await this.#readCustom(namespaces)
  }

  /** What could not be read so far. */
  get notSeen(): readonly NotSeen[] {
    return this.#notSeen
  }

  /** How many kinds of custom resources were looked into. */
  get customKinds(): number {
    return this.#customKinds
  }

  /** Custom resources may be of any number and size, and what serves them may be slow: together they have a time. */
  async #readCustom(namespaces: readonly string[] | undefined): Promise<void> {
    const { runtime, limits } = this.#parts
    const end = runtime.now() + limits.customTimeout
    const late = `custom resources took longer than ${limits.customTimeout / 1000} s`
    const client = clientUntil(this.#client, { end, late, runtime })
    const refusals: Refusals = { client, left: limits.refusalsMax }
    const { kinds, notSeen } = await findCustomKinds(client)
    this.#notSeen.push(...notSeen)
    const chosen = namespaces === undefined ? kinds : kinds.filter((kind) => !kind.isClusterWide)
    for (const [index, resource] of chosen.entries()) {
      if (runtime.now() >= end) {
        const reason = `cannot list ${chosen.length - index} kinds, ${resource.name} the first: ${late}`
        this.#notSeen.push({ verb: 'list', resource: '*', reason })
        return
      }
      const take = (part: Part, items: readonly unknown[]) => part.addCustom(resource, items)
      if (await this.#kinds.read({ resource, take }, namespaces, refusals)) this.#customKinds++
    }
  }

  async #readKubeadm(): Promise<void> {
    const answer = await this.#client.get(`${NAMESPACES}/${SYSTEM_NAMESPACE}/configmaps/${KUBEADM_CONFIG}`)
    // Not every cluster is made with kubeadm.
    if (answer.kind === 'missing') return
    if (answer.kind === 'found') {
      const { data } = (answer.value as { data?: { ClusterConfiguration?: unknown } } | null) ?? {}
      const text = data?.ClusterConfiguration
      if (typeof text === 'string') this.#parts.tally.addKubeadm(text)
      return
    }
    const failure = answer.kind === 'failed' ? answer.reason : `the answer is ${answer.kind}`
    const why = answer.kind === 'forbidden' ? 'needs the right to get configmaps there' : failure
    const reason = `cannot get configmap ${SYSTEM_NAMESPACE}/${KUBEADM_CONFIG}: ${why}`
    this.#notSeen.push({
      verb: 'get',
      resource: 'configmaps',
      namespaces: [SYSTEM_NAMESPACE],
      reason,
    })
  }
}
