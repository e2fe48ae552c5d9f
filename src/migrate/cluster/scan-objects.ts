import type { ClusterAccess } from '../../cluster/access.ts'
import type { ClusterClient } from '../../cluster/client.ts'
import type { NotSeen } from '../../cluster/not-seen.ts'
import { ClusterReader, type ReaderLimits } from '../../cluster/reader.ts'
import type { Runtime } from '../../runtime.ts'
import type { UnreadPart } from '../examine.ts'
import type { Finding } from '../finding.ts'
import type { RegistryMap } from '../map.ts'
import type { Mentions } from '../mention.ts'
import type { NotRead } from '../sarif.ts'
import { ClusterTally } from './cluster-tally.ts'
import type { PullFailure } from './pull-failures.ts'

/** What a cluster was found to hold. */
export interface ClusterScan {
  readonly context: string
  /** The URL of its API server. */
  readonly server: string
  readonly findings: readonly Finding[]
  readonly notRead: readonly (NotSeen & NotRead)[]
  /** Custom resources that were not fully read. */
  readonly partlyRead: readonly UnreadPart[]
  /** Custom resources that name old names in ways that were not understood, such as prose. */
  readonly mentions: readonly Mentions[]
  /** How many objects were looked at. */
  readonly objects: number
  /** How many kinds of custom resources were looked into. */
  readonly customKinds: number
  /** What pods pull and workloads would, whatever its name; sorted. */
  readonly images: readonly string[]
  /** What pods cannot pull, whatever its name. */
  readonly pullFailures: readonly PullFailure[]
}

export interface ScanObjectsParts {
  readonly map: RegistryMap
  readonly access: ClusterAccess
  readonly limits: ReaderLimits
  readonly runtime: Pick<Runtime, 'now'>
  /** Only these; by default all. */
  readonly namespaces?: readonly string[]
}

/** Reads a cluster to its end, and says what a map has to say about what it pulls. Rejects as the reader does. */
export async function scanObjects(client: ClusterClient, parts: ScanObjectsParts): Promise<ClusterScan> {
  const { map, access, namespaces } = parts
  const { context, server } = access
  const tally = new ClusterTally(map)
  const reader = new ClusterReader(client, { ...parts, tally })
  await reader.checkServer()
  await reader.read(namespaces)
  const path = `cluster/${context}`
  const { failures, leftOut } = tally.pulls.list(map)
  const notRead = [...reader.notSeen, ...tooMany(tally, leftOut)].map((entry) => ({ path, ...entry }))
  const { mentions, unread } = tally.custom
  return {
    ...{ context, server, notRead, objects: tally.objects, customKinds: reader.customKinds },
    findings: tally.findings(path),
    partlyRead: unread.map(({ key, what }) => ({ path: `${path}/${key}`, line: 1, reason: what })),
    mentions: mentions.map(({ key, what }) => ({ path: `${path}/${key}`, count: what, line: 1 })),
    images: [...tally.images].sort(),
    pullFailures: failures,
  }
}

/** What is left out of the report, since no cluster may fill the memory. */
function tooMany({ garbled, dropped, custom, pulls }: ClusterTally, failures: number): readonly NotSeen[] {
  const reasons = [
    [garbled, 'objects have a form that is not known'],
    [dropped, 'references are left out: there are too many'],
    [
      custom.leftOut,
      'more custom resources were not understood or not fully read: there are too many to name',
    ],
    [pulls.dropped, 'events about pulls are left out: there are too many'],
    [failures, 'images that cannot be pulled are left out: there are too many'],
  ] as const
  return reasons.flatMap(([count, reason]) =>
    count > 0 ? [{ verb: 'list', resource: '*', reason: `${count} ${reason}` }] : [],
  )
}
