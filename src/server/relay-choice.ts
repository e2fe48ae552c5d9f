import type { RelayedRequest } from '../relay/backend-access.ts'
import type { RepositoryRequest } from '../routing/addressing.ts'
import type { Backend } from '../routing/backend.ts'
import type { Decision } from '../routing/decide.ts'
import { classOf, RANKED_AS } from '../routing/request-class.ts'
import { type RoutedRequest, type RouteSources, route } from '../routing/route.ts'
import type { View } from '../routing/view.ts'
import { type Policy, type RegistryPolicy, registryOf } from './in-force.ts'

/** A request as its registry would get it. */
export interface ChoiceRequest extends Omit<RoutedRequest, 'request'> {
  readonly request: RepositoryRequest
}

export interface ChoiceParts {
  readonly policy: () => Policy
  readonly sources: Omit<RouteSources, 'notice'>
}

/** What a choice is made from: a registry of a mirror, or all that a door sends clients to. */
export interface ChosenFrom extends Pick<RegistryPolicy, 'view'> {
  readonly config: Pick<RegistryPolicy['config'], 'host'>
}

/** Whom to ask on behalf of one request: decided when somebody has to be asked, and then once. */
export class Choice implements RelayedRequest {
  readonly registry: string
  readonly name: RelayedRequest['name']
  /** Absent as long as nobody had to be asked. */
  decision: Decision | undefined
  readonly #request: ChoiceRequest
  readonly #policy: ChosenFrom
  readonly #parts: ChoiceParts
  #backends: Promise<readonly Backend[]> | undefined

  constructor(request: ChoiceRequest, registry: ChosenFrom, parts: ChoiceParts) {
    this.registry = registry.config.host
    this.name = request.request.name
    this.#request = request
    this.#policy = registry
    this.#parts = parts
  }

  readonly backends = (): Promise<readonly Backend[]> => {
    this.#backends ??= this.#choose()
    return this.#backends
  }

  async #choose(): Promise<readonly Backend[]> {
    const { sources } = this.#parts
    const request = this.#request
    const view = () => this.#view()
    this.decision = await route(request, { ...sources, ...RELAYED, view })
    const backend = this.decision.kind === 'refuse' ? undefined : this.decision.backend
    return inOrder(backend, view(), request, (other) => {
      return mayBeAsked(request.request) && sources.known(other, request.request) === 'absent'
    })
  }

  /** That of the moment; a registry that a reload has taken away is as it was. */
  #view(): View {
    return (registryOf(this.#parts.policy(), this.registry) ?? this.#policy).view
  }
}

/** A mirror moves no client: what it fetches elsewhere while a backend is down is bounded by its own limits. */
export const RELAYED = {
  delivery: 'relay',
  listed: () => undefined,
  spill: { maySpill: () => true, overSpill: 'canonical' },
} as const

/** The one that was chosen, the others that may have it, and the canonical upstream, which is better than nothing. */
function inOrder(
  chosen: Backend | undefined,
  view: View,
  { client, request }: ChoiceRequest,
  isAbsent: (backend: Backend) => boolean,
): readonly Backend[] {
  const others = view
    .candidates(client.located?.place, client.address, request.name)
    [RANKED_AS[classOf(request)]].filter(({ backend, usable }) => usable && !isAbsent(backend))
    .map(({ backend }) => backend)
  return [
    ...new Set([
      ...(chosen ? [chosen] : []),
      ...others.filter((each) => each !== view.canonical),
      view.canonical,
    ]),
  ]
}

/** Of lists, nothing is remembered by backends. */
function mayBeAsked({ kind }: RepositoryRequest): boolean {
  return kind === 'blob' || kind === 'manifest'
}
