import { suggestion } from '../config/suggestion.ts'
import { PortolanError } from '../errors.ts'

interface Named {
  readonly name: string
}

/** What a kubeconfig lists, as far as it matters for the choice of a cluster. */
export interface Kubeconfig<Cluster extends Named, User extends Named, Context extends Named> {
  readonly clusters: readonly Cluster[]
  readonly users: readonly User[]
  readonly contexts: readonly Context[]
  readonly currentContext?: string | undefined
}

/** One context, and what it leads to; the user is absent where the context names none. */
export interface ChosenContext<Cluster, User, Context> {
  readonly context: Context
  readonly cluster: Cluster
  readonly user?: User
  /** The URL of the API server. */
  readonly server: URL
}

/** Several kubeconfigs as one: of each name and of the current context, the first to say something holds. */
export function mergeKubeconfigs<Cluster extends Named, User extends Named, Context extends Named>(
  configs: readonly Kubeconfig<Cluster, User, Context>[],
): Kubeconfig<Cluster, User, Context> {
  return {
    clusters: firstOfName(configs.flatMap(({ clusters }) => clusters)),
    users: firstOfName(configs.flatMap(({ users }) => users)),
    contexts: firstOfName(configs.flatMap(({ contexts }) => contexts)),
    currentContext: configs.find(({ currentContext }) => currentContext)?.currentContext,
  }
}

/** Finds the context that is wanted, or the current one, and what it names. Throws `USAGE`, naming what is not there. */
export function chooseContext<
  Cluster extends Named & { readonly server: string },
  User extends Named,
  Context extends Named & { readonly cluster: string; readonly user: string },
>(
  { contexts, clusters, users, currentContext }: Kubeconfig<Cluster, User, Context>,
  wanted: string | undefined,
): ChosenContext<Cluster, User, Context> {
  const names = contexts.map(({ name }) => name)
  const listed = names.length === 0 ? 'it has none' : `there are ${names.join(', ')}`
  const name = wanted ?? currentContext
  if (!name) throw usage(`the kubeconfig has no current context; choose one with --context: ${listed}`)
  const context = contexts.find((one) => one.name === name)
  if (context === undefined) {
    throw usage(
      `context ${JSON.stringify(name)} is not in the kubeconfig${suggestion(name, names)}; ${listed}`,
    )
  }
  const lacks = (what: string, value: string) =>
    usage(
      `context ${JSON.stringify(name)} names ${what} ${JSON.stringify(value)}, which is not in the kubeconfig`,
    )
  const cluster = clusters.find((one) => one.name === context.cluster)
  if (cluster === undefined) throw lacks('cluster', context.cluster)
  const user = users.find((one) => one.name === context.user)
  if (user === undefined && context.user) throw lacks('user', context.user)
  return { context, cluster, ...(user && { user }), server: serverOf(cluster) }
}

function serverOf({ name, server }: Named & { readonly server: string }): URL {
  const url = URL.parse(server)
  if (url !== null && /^https?:$/.test(url.protocol)) return url
  throw usage(`cluster ${JSON.stringify(name)} has server ${JSON.stringify(server)}, which is no URL`)
}

function firstOfName<T extends Named>(entries: readonly T[]): T[] {
  return entries.filter(({ name }, index) => entries.findIndex((other) => other.name === name) === index)
}

function usage(message: string): PortolanError {
  return new PortolanError('USAGE', message)
}
