import { PortolanError } from '../errors.ts'
import type { ClusterAccess } from './access.ts'
import type { ClusterClient } from './client.ts'

/** RFC 1123, as Kubernetes takes it for namespaces. */
const NAMESPACE = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

/** Rejects with `UNREACHABLE` when it is no API server that answers. */
export async function checkServer(client: ClusterClient, { context, server }: ClusterAccess): Promise<void> {
  const answer = await client.get('/version')
  // Some clusters show their version to nobody.
  if (answer.kind === 'forbidden') return
  const { gitVersion } =
    ((answer.kind === 'found' ? answer.value : undefined) as { gitVersion?: unknown }) ?? {}
  if (typeof gitVersion === 'string') return
  const why = answer.kind === 'failed' ? answer.reason : 'what answers there is no Kubernetes API server'
  const message = `the cluster of context ${JSON.stringify(context)} cannot be read: ${server}: ${why}`
  throw new PortolanError('UNREACHABLE', message, { context, server })
}

/**
 * Rejects with `USAGE` when one of them is not there: an API server gives an empty list for such a namespace.
 */
export async function checkNamespaces(
  client: ClusterClient,
  { context }: ClusterAccess,
  namespaces: readonly string[],
): Promise<void> {
  for (const namespace of namespaces) {
    const missing = !NAMESPACE.test(namespace)
    if (!missing && (await client.get(`/api/v1/namespaces/${namespace}`)).kind !== 'missing') continue
    const message = `there is no namespace ${JSON.stringify(namespace)} in the cluster of context ${JSON.stringify(context)}`
    throw new PortolanError('USAGE', message, { namespace, context })
  }
}
