import type { ClusterAccess } from './access.ts'
import type { ClusterClient } from './client.ts'
import { readNamespaceNames } from './list-page.ts'
import { type NotSeen, notListed } from './not-seen.ts'
import { type ListEnd, type ListLimits, readList } from './read-list.ts'
import { type ClusterResource, listPath } from './resources.ts'

/** Gathers lists; what it begins takes the objects of one, and counts when it is merged. */
export interface Tally<Part> {
  begin(): Part
  merge(part: Part): void
}

/** A kind that is read, and how. */
export interface ListedKind<Part> {
  readonly resource: ClusterResource
  take(part: Part, items: readonly unknown[]): void
}

export interface KindReaderParts<Part> {
  readonly tally: Tally<Part>
  readonly limits: ListLimits
  readonly access: ClusterAccess
  readonly notSeen: NotSeen[]
}

/** How many more lists may be refused, and whom to ask for them. */
export interface Allowance {
  readonly client: ClusterClient
  refusals: number
}

const NAMESPACES = { path: '/api/v1/namespaces' }

/** Reads the objects of a kind in all namespaces, else in each; what it could not read it adds to `notSeen`. */
export class KindReader<Part> {
  readonly #parts: KindReaderParts<Part>
  readonly #client: ClusterClient
  #known: readonly string[] | undefined

  constructor(client: ClusterClient, parts: KindReaderParts<Part>) {
    this.#client = client
    this.#parts = parts
  }

  /** Reads what is in these namespaces, by default in all; says whether a list was read to its end. */
  async read(
    listed: ListedKind<Part>,
    wanted: readonly string[] | undefined,
    allowance: Allowance = { client: this.#client, refusals: Number.POSITIVE_INFINITY },
  ): Promise<boolean> {
    const { resource } = listed
    if (wanted === undefined) {
      const end = await this.#readList(listed, allowance.client)
      // Who may list nothing would be refused for each of hundreds of kinds in each of hundreds of namespaces.
      if (end.kind !== 'forbidden' || resource.isClusterWide || allowance.refusals <= 0) {
        this.#note(resource, end)
        return end.kind === 'complete'
      }
    }
    const namespaces = wanted ?? (await this.#knownNamespaces())
    if (namespaces.length === 0) this.#note(resource, { kind: 'forbidden' })
    const ends = new Map<string, { readonly end: ListEnd; readonly namespaces: string[] }>()
    for (const namespace of namespaces) {
      const end = await this.#readAllowed(listed, namespace, allowance)
      const key = JSON.stringify(end)
      const same = ends.get(key)
      if (same === undefined) ends.set(key, { end, namespaces: [namespace] })
      else same.namespaces.push(namespace)
    }
    for (const { end, namespaces: where } of ends.values()) this.#note(resource, end, where)
    return [...ends.values()].some(({ end }) => end.kind === 'complete')
  }

  async #readAllowed(listed: ListedKind<Part>, namespace: string, allowance: Allowance): Promise<ListEnd> {
    if (allowance.refusals <= 0)
      return { kind: 'failed', reason: 'it was not tried: too many lists were refused before' }
    const end = await this.#readList(listed, allowance.client, namespace)
    if (end.kind === 'forbidden') allowance.refusals--
    return end
  }

  /**
   * Of a list that broke off in the middle, what came before counts. What cannot be had in one version, since what
   * converts to it is down, may be had in another.
   */
  async #readList(
    { resource, take }: ListedKind<Part>,
    client: ClusterClient,
    namespace?: string,
  ): Promise<ListEnd> {
    const { tally, limits } = this.#parts
    let end: ListEnd = { kind: 'missing' }
    for (const version of resource.versions) {
      let part = tally.begin()
      let isEmpty = true
      const taker = {
        take(items: readonly unknown[]) {
          take(part, items)
          isEmpty &&= items.length === 0
        },
        restart() {
          part = tally.begin()
          isEmpty = true
        },
      }
      const { fieldSelector } = resource
      const last = await readList(
        client,
        { path: listPath(resource, version, namespace), fieldSelector },
        taker,
        limits,
      )
      if (last.kind === 'missing') continue
      end = last
      if (end.kind === 'failed' && isEmpty) continue
      if (end.kind !== 'forbidden') tally.merge(part)
      return end
    }
    return end
  }

  /** Where they cannot be listed, the one that kubectl would take. */
  async #knownNamespaces(): Promise<readonly string[]> {
    if (this.#known !== undefined) return this.#known
    const { access, limits, notSeen } = this.#parts
    const names: string[] = []
    const taker = {
      take: (items: readonly unknown[]) => names.push(...readNamespaceNames(items)),
      restart: () => names.splice(0),
    }
    const end = await readList(this.#client, NAMESPACES, taker, limits)
    if (end.kind !== 'complete') {
      const { namespace } = access
      if (!names.includes(namespace)) names.push(namespace)
      const why = end.kind === 'failed' ? end.reason : 'the account may not'
      const reason = `cannot list namespaces: ${why}: only ${namespace} was tried; name others with --namespace`
      notSeen.push({ verb: 'list', resource: 'namespaces', reason })
    }
    this.#known = names
    return names
  }

  #note(resource: ClusterResource, end: ListEnd, namespaces?: readonly string[]): void {
    const notSeen = notListed(resource, end, namespaces)
    if (notSeen !== undefined) this.#parts.notSeen.push(notSeen)
  }
}
