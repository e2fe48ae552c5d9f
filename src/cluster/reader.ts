import { PortolanError } from '../errors.ts'
import type { ClusterAccess } from './access.ts'
import type { ClusterClient } from './client.ts'
import { readNamespaceNames } from './list-page.ts'
import { type ListEnd, type ListLimits, readList } from './read-list.ts'
import { CLUSTER_RESOURCES, type ClusterResource, listPath, qualifiedName } from './resources.ts'

/** Objects of a cluster that were not looked at, and why. */
export interface NotSeen {
  readonly reason: string
  /** What was tried. */
  readonly verb: 'list' | 'get'
  /** As RBAC names it, such as `deployments.apps`. */
  readonly resource: string
  /** Absent where all of them are meant. */
  readonly namespaces?: readonly string[]
}

/** Takes the objects of one list; it counts when it is merged. */
export interface TallyPart {
  add(resource: ClusterResource, items: readonly unknown[]): void
}

/** Takes what a cluster holds as it is read. */
export interface ObjectTally<Part extends TallyPart> {
  begin(): Part
  merge(part: Part): void
  /** The ClusterConfiguration of kubeadm, a text in the data of its ConfigMap. */
  addKubeadm(text: string): void
}

export interface ClusterReaderParts<Part extends TallyPart> {
  readonly tally: ObjectTally<Part>
  readonly limits: ListLimits
  readonly access: ClusterAccess
}

/** RFC 1123, as Kubernetes takes it for namespaces. */
const NAMESPACE = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/
const NAMESPACES = '/api/v1/namespaces'
const SYSTEM_NAMESPACE = 'kube-system'
const KUBEADM_CONFIG = 'kubeadm-config'
/** How many namespaces a reason names; all of them are in the fields. */
const NAMED_MAX = 10

/** Reads one cluster, and keeps in mind what it could not read. */
export class ClusterReader<Part extends TallyPart> {
  readonly #client: ClusterClient
  readonly #limits: ListLimits
  readonly #access: ClusterAccess
  readonly #tally: ObjectTally<Part>
  readonly #notSeen: NotSeen[] = []
  #known: readonly string[] | undefined

  constructor(client: ClusterClient, { tally, limits, access }: ClusterReaderParts<Part>) {
    this.#client = client
    this.#limits = limits
    this.#access = access
    this.#tally = tally
  }

  /** Rejects with `UNREACHABLE` when it is no API server that answers. */
  async checkServer(): Promise<void> {
    const { context, server } = this.#access
    const answer = await this.#client.get('/version')
    // Some clusters show their version to nobody.
    if (answer.kind === 'forbidden') return
    const { gitVersion } =
      ((answer.kind === 'found' ? answer.value : undefined) as { gitVersion?: unknown }) ?? {}
    if (typeof gitVersion === 'string') return
    const why = answer.kind === 'failed' ? answer.reason : 'what answers there is no Kubernetes API server'
    const message = `the cluster of context ${JSON.stringify(context)} cannot be read: ${server}: ${why}`
    throw new PortolanError('UNREACHABLE', message, { context, server })
  }

  /** Reads all that is looked at, of all namespaces or of these. Rejects with `USAGE` when there is no such namespace. */
  async read(wanted?: readonly string[]): Promise<void> {
    const namespaces = wanted && [...new Set(wanted)]
    for (const namespace of namespaces ?? []) await this.#checkNamespace(namespace)
    for (const resource of CLUSTER_RESOURCES) await this.#readResource(resource, namespaces)
    if (namespaces?.includes(SYSTEM_NAMESPACE) ?? true) await this.#readKubeadm()
  }

  /** What could not be read so far. */
  get notSeen(): readonly NotSeen[] {
    return this.#notSeen
  }

  /** An API server gives an empty list for a namespace that is not there. */
  async #checkNamespace(namespace: string): Promise<void> {
    const missing = !NAMESPACE.test(namespace)
    if (!missing && (await this.#client.get(`${NAMESPACES}/${namespace}`)).kind !== 'missing') return
    const { context } = this.#access
    const message = `there is no namespace ${JSON.stringify(namespace)} in the cluster of context ${JSON.stringify(context)}`
    throw new PortolanError('USAGE', message, { namespace, context })
  }

  async #readResource(resource: ClusterResource, wanted: readonly string[] | undefined): Promise<void> {
    if (wanted === undefined) {
      const end = await this.#readList(resource)
      if (end.kind !== 'forbidden') {
        this.#note(resource, end)
        return
      }
    }
    const forbidden: string[] = []
    for (const namespace of wanted ?? (await this.#knownNamespaces())) {
      const end = await this.#readList(resource, namespace)
      if (end.kind === 'forbidden') forbidden.push(namespace)
      else this.#note(resource, end, [namespace])
    }
    if (forbidden.length > 0) this.#note(resource, { kind: 'forbidden' }, forbidden)
  }

  /** Of a list that broke off in the middle, what came before counts. */
  async #readList(resource: ClusterResource, namespace?: string): Promise<ListEnd> {
    for (const version of resource.versions) {
      let part = this.#tally.begin()
      const taker = {
        take: (items: readonly unknown[]) => part.add(resource, items),
        restart: () => {
          part = this.#tally.begin()
        },
      }
      const end = await readList(this.#client, listPath(resource, version, namespace), taker, this.#limits)
      if (end.kind === 'complete' || end.kind === 'failed') this.#tally.merge(part)
      if (end.kind !== 'missing') return end
    }
    return { kind: 'missing' }
  }

  /** Where they cannot be listed, the one that kubectl would take. */
  async #knownNamespaces(): Promise<readonly string[]> {
    if (this.#known !== undefined) return this.#known
    const names: string[] = []
    const taker = {
      take: (items: readonly unknown[]) => names.push(...readNamespaceNames(items)),
      restart: () => names.splice(0),
    }
    const end = await readList(this.#client, NAMESPACES, taker, this.#limits)
    if (end.kind !== 'complete') {
      const { namespace } = this.#access
      if (!names.includes(namespace)) names.push(namespace)
      const why = end.kind === 'failed' ? end.reason : 'the account may not'
      const reason = `cannot list namespaces: ${why}: only ${namespace} was tried; name others with --namespace`
      this.#notSeen.push({ verb: 'list', resource: 'namespaces', reason })
    }
    this.#known = names
    return names
  }

  async #readKubeadm(): Promise<void> {
    const answer = await this.#client.get(`${NAMESPACES}/${SYSTEM_NAMESPACE}/configmaps/${KUBEADM_CONFIG}`)
    // Not every cluster is made with kubeadm.
    if (answer.kind === 'missing') return
    if (answer.kind === 'found') {
      const { data } = (answer.value as { data?: { ClusterConfiguration?: unknown } } | null) ?? {}
      if (typeof data?.ClusterConfiguration === 'string') this.#tally.addKubeadm(data.ClusterConfiguration)
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

  #note(resource: ClusterResource, end: ListEnd, namespaces?: readonly string[]): void {
    if (end.kind === 'complete') return
    // A group of the API may be younger than the cluster, or switched off.
    if (end.kind === 'missing' && resource.versions[0] !== 'v1') return
    const name = qualifiedName(resource)
    const where = namespaces === undefined ? '' : ` in ${shorten(namespaces)}`
    const why =
      end.kind === 'failed'
        ? end.reason
        : end.kind === 'missing'
          ? 'the API server has none'
          : `needs the right to list ${name} there`
    this.#notSeen.push({
      verb: 'list',
      resource: name,
      ...(namespaces && { namespaces }),
      reason: `cannot list ${name}${where}: ${why}`,
    })
  }
}

function shorten(namespaces: readonly string[]): string {
  const named = namespaces.slice(0, NAMED_MAX).join(', ')
  const more = namespaces.length - NAMED_MAX
  return more > 0 ? `${named} and ${more} more namespaces` : named
}
