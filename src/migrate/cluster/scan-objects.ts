import type { ClusterAccess } from '../../cluster/access.ts'
import type { ClusterClient } from '../../cluster/client.ts'
import type { ListLimits } from '../../cluster/read-list.ts'
import { ClusterReader, type NotSeen } from '../../cluster/reader.ts'
import type { Finding } from '../finding.ts'
import type { RegistryMap } from '../map.ts'
import type { NotRead } from '../sarif.ts'
import { ClusterTally } from './cluster-tally.ts'

/** What a cluster was found to hold. */
export interface ClusterScan {
  readonly context: string
  /** The URL of its API server. */
  readonly server: string
  readonly findings: readonly Finding[]
  readonly notRead: readonly (NotSeen & NotRead)[]
  /** How many objects were looked at. */
  readonly objects: number
}

export interface ScanObjectsParts {
  readonly map: RegistryMap
  readonly access: ClusterAccess
  readonly limits: ListLimits
  /** Only these; by default all. */
  readonly namespaces?: readonly string[]
}

/** Reads a cluster to its end, and says what a map has to say about what it pulls. Rejects as the reader does. */
export async function scanObjects(client: ClusterClient, parts: ScanObjectsParts): Promise<ClusterScan> {
  const { map, access, limits, namespaces } = parts
  const { context, server } = access
  const tally = new ClusterTally(map)
  const reader = new ClusterReader(client, { tally, limits, access })
  await reader.checkServer()
  await reader.read(namespaces)
  const path = `cluster/${context}`
  const notRead = [...reader.notSeen, ...leftOut(tally)].map((entry) => ({ path, ...entry }))
  return { context, server, findings: tally.findings(path), notRead, objects: tally.objects }
}

function leftOut({ garbled, dropped }: ClusterTally): NotSeen[] {
  const all = { verb: 'list', resource: '*' } as const
  return [
    ...(garbled > 0 ? [{ ...all, reason: `${garbled} objects have a form that is not known` }] : []),
    ...(dropped > 0 ? [{ ...all, reason: `${dropped} references are left out: there are too many` }] : []),
  ]
}
