import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { Certificates } from './certificates.ts'
import { type Answer, json } from './scripted-registry.ts'

/** An object of a cluster, as its API gives it. */
export interface ApiObject {
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [field: string]: unknown }
  readonly [field: string]: unknown
}

/** What an API server holds: objects by group and version with plural, such as `apps/v1/deployments`. */
export type ClusterContent = Readonly<Record<string, readonly ApiObject[]>>

/** A question that was let in or not. */
export interface ApiQuestion {
  /** Without its query. */
  readonly path: string
  readonly query: URLSearchParams
  readonly authorization: string | undefined
  /** Over TLS: the common name of the certificate that the client showed. */
  readonly certified: string | undefined
  /** Absent for all of them. */
  readonly namespace: string | undefined
  /** Plural. */
  readonly resource: string
}

/** An API server that pages its lists as a real one does until a script says otherwise, and remembers every request. */
export interface ScriptedCluster extends AsyncDisposable {
  readonly origin: string
  readonly host: string
  /** With their queries. */
  readonly requests: readonly string[]
  /** How many connections were opened. */
  readonly connections: number
  /** The continue tokens that were given out are of no use any more: 410. */
  forget(): void
  /** What is answered at a path from now on: each of a list once and then as it should be, a single answer always. */
  script(path: string, answers: Answer | readonly Answer[]): void
  /** A kubeconfig for it, as JSON; the context is `test` and its user `tester`. */
  kubeconfig(user?: object, cluster?: object): string
}

export interface ScriptedClusterOptions {
  readonly content?: ClusterContent
  /** What discovery says of kinds in the content: their kind, and whether they are in no namespace. */
  readonly kinds?: Readonly<Record<string, { readonly kind: string; readonly isClusterWide?: true }>>
  /** Objects of a page at most, whatever is asked for. */
  readonly pageSize?: number
  /** Gives a status, such as 403, for what is not let in. */
  readonly refuse?: (question: ApiQuestion) => number | undefined
  /** Serves over TLS. */
  readonly certificates?: Certificates
}

const LIST = /^(?:\/api|\/apis)\/((?:[^/]+\/)?v[^/]+)(?:\/namespaces\/([^/]+))?\/([^/]+)$/
const OBJECT = /^\/api\/v1\/namespaces\/([^/]+)(?:\/([^/]+)\/([^/]+))?$/

export async function startScriptedCluster(options: ScriptedClusterOptions = {}): Promise<ScriptedCluster> {
  const {
    content: given = {},
    kinds = {},
    pageSize = Number.POSITIVE_INFINITY,
    refuse,
    certificates,
  } = options
  const content: ClusterContent = { 'v1/events': [], ...given }
  const scripts = new Map<string, Answer | Answer[]>()
  const requests: string[] = []
  let [moment, connections] = [1, 0]

  const answer = (request: IncomingMessage): Answer => {
    const url = new URL(request.url ?? '/', 'http://cluster.test')
    const script = scripts.get(url.pathname)
    const scripted = Array.isArray(script) ? script.shift() : script
    if (scripted !== undefined) return scripted
    const [, version, namespace, resource] = LIST.exec(url.pathname) ?? []
    const [, inNamespace, ofResource, name] = OBJECT.exec(url.pathname) ?? []
    const refused = refuse?.({
      path: url.pathname,
      query: url.searchParams,
      authorization: request.headers.authorization,
      certified: commonName(request.socket),
      namespace: namespace ?? inNamespace,
      resource: resource ?? ofResource ?? (inNamespace === undefined ? '' : 'namespaces'),
    })
    if (refused !== undefined) return failure(refused)
    if (url.pathname === '/version') return json({ gitVersion: 'v1.20.15' })
    const discovered = discovery(url.pathname, content, kinds)
    if (discovered !== undefined) return json(discovered)
    const key =
      ofResource === undefined && inNamespace !== undefined ? 'namespaces' : (ofResource ?? resource)
    const objects = content[`${version ?? 'v1'}/${key}`]
    if (objects === undefined) return failure(404)
    if (inNamespace !== undefined && (name !== undefined || key === 'namespaces')) {
      const object = objects.find(({ metadata }) => metadata.name === (name ?? inNamespace))
      return object === undefined ? failure(404) : json(object)
    }
    const chosen =
      namespace === undefined ? objects : objects.filter((one) => one.metadata.namespace === namespace)
    return page(chosen, url.searchParams)
  }

  const page = (objects: readonly ApiObject[], query: URLSearchParams): Answer => {
    const [given, from] = (query.get('continue') ?? `${moment}-0`).split('-').map(Number) as [number, number]
    if (given !== moment) return failure(410)
    const to = from + Math.min(pageSize, Number(query.get('limit') ?? pageSize))
    const rest = objects.length - to
    return json({
      kind: 'List',
      metadata: rest > 0 ? { continue: `${given}-${to}`, remainingItemCount: rest } : {},
      items: objects.slice(from, to),
    })
  }

  const listener = (request: IncomingMessage, response: ServerResponse) => {
    // A client that hangs up is its own affair.
    response.on('error', () => {})
    requests.push(request.url ?? '')
    answer(request)(request, response)
  }
  const server =
    certificates === undefined
      ? createServer(listener)
      : createTlsServer(
          { key: certificates.key, cert: certificates.good, requestCert: true, rejectUnauthorized: false },
          listener,
        )
  server.on('connection', () => connections++)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const origin = `${certificates === undefined ? 'http' : 'https'}://${host}`
  return {
    origin,
    host,
    requests,
    get connections() {
      return connections
    },
    forget: () => moment++,
    script: (path, answers) => scripts.set(path, typeof answers === 'function' ? answers : [...answers]),
    kubeconfig: (user = {}, cluster = {}) =>
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        'current-context': 'test',
        contexts: [{ name: 'test', context: { cluster: 'here', user: 'tester' } }],
        clusters: [
          {
            name: 'here',
            cluster: {
              server: origin,
              ...(certificates && { 'certificate-authority-data': certificates.good.toString('base64') }),
              ...cluster,
            },
          },
        ],
        users: [{ name: 'tester', user }],
      }),
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

/** The groups, or the kinds of one version of a group; the version that comes first is the one that is preferred. */
function discovery(
  path: string,
  content: ClusterContent,
  kinds: NonNullable<ScriptedClusterOptions['kinds']>,
): object | undefined {
  const served = Object.keys(content)
    .map((key) => key.split('/'))
    .filter((parts) => parts.length === 3) as [group: string, version: string, name: string][]
  if (path === '/apis') {
    const groups = [...Map.groupBy(served, ([group]) => group)].map(([name, entries]) => {
      const versions = [...new Set(entries.map(([, version]) => version))].map((version) => ({
        groupVersion: `${name}/${version}`,
        version,
      }))
      return { name, versions, preferredVersion: versions[0] }
    })
    return { kind: 'APIGroupList', apiVersion: 'v1', groups }
  }
  const here = served.filter(([group, version]) => path === `/apis/${group}/${version}`)
  if (here.length === 0) return undefined
  const resources = here.flatMap(([group, version, name]) => {
    const { kind, isClusterWide } = kinds[`${group}/${version}/${name}`] ?? { kind: name }
    const namespaced = isClusterWide !== true
    return [
      { name, kind, namespaced, singularName: '', verbs: ['get', 'list', 'watch'] },
      { name: `${name}/status`, kind, namespaced, singularName: '', verbs: ['get', 'patch'] },
    ]
  })
  return { kind: 'APIResourceList', groupVersion: path.slice('/apis/'.length), resources }
}

function commonName(socket: Socket): string | undefined {
  const name = socket instanceof TLSSocket ? socket.getPeerCertificate().subject?.CN : undefined
  return Array.isArray(name) ? name[0] : name
}

/** A Status of the Kubernetes API. */
export function failure(code: number, headers: Readonly<Record<string, string>> = {}): Answer {
  return (_, response) => {
    const body = JSON.stringify({ kind: 'Status', status: 'Failure', message: `scripted ${code}`, code })
    response.writeHead(code, { 'Content-Type': 'application/json', ...headers }).end(body)
  }
}
