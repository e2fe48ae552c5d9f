import type { ClusterAccess } from '../../cluster/access.ts'
import { checkNamespaces, checkServer } from '../../cluster/check.ts'
import type { ClusterClient } from '../../cluster/client.ts'
import { KindReader } from '../../cluster/kind-reader.ts'
import type { NotSeen } from '../../cluster/not-seen.ts'
import type { ListLimits } from '../../cluster/read-list.ts'
import { WORKLOADS } from '../../cluster/resources.ts'
import { ImageTally } from './image-tally.ts'

/** The images of a cluster. */
export interface ClusterImages {
  readonly context: string
  /** The URL of its API server. */
  readonly server: string
  /** Full references, each once, sorted. */
  readonly references: readonly string[]
  /** What stands where an image should, and is none. */
  readonly unclear: readonly string[]
  /** What could not be read, with the right that is missing: its images are not among them. */
  readonly notRead: readonly NotSeen[]
  /** How many objects were looked at. */
  readonly objects: number
}

export interface ListImagesParts {
  readonly access: ClusterAccess
  readonly limits: ListLimits
  /** Only these; by default all. */
  readonly namespaces?: readonly string[]
}

/** Lists the images that the pods of a cluster run, and those of what makes pods. Rejects as the reader does. */
export async function listImages(client: ClusterClient, parts: ListImagesParts): Promise<ClusterImages> {
  const { context, server } = parts.access
  const tally = new ImageTally()
  const notSeen: NotSeen[] = []
  const kinds = new KindReader(client, { ...parts, tally, notSeen })
  const namespaces = parts.namespaces && [...new Set(parts.namespaces)]
  await checkServer(client, parts.access)
  await checkNamespaces(client, parts.access, namespaces ?? [])
  for (const resource of WORKLOADS)
    await kinds.read({ resource, take: (part, items) => part.add(resource, items) }, namespaces)
  const { references, unclear, objects, garbled, dropped } = tally
  const lost = [
    [garbled, 'objects have a form that is not known'],
    [dropped, 'images are left out: there are too many'],
  ] as const
  const notRead = lost.flatMap(([count, reason]) =>
    count > 0 ? [{ verb: 'list' as const, resource: '*', reason: `${count} ${reason}` }] : [],
  )
  return { context, server, references, unclear, objects, notRead: [...notSeen, ...notRead] }
}
