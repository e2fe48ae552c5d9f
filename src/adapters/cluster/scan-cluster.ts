import type { ClusterAccess } from '../../cluster/access.ts'
import { type ClusterClient, type ClusterLimits, createClusterClient } from '../../cluster/client.ts'
import type { ReaderLimits } from '../../cluster/reader.ts'
import { type ClusterImages, listImages } from '../../migrate/cluster/list-images.ts'
import { type ClusterScan, scanObjects } from '../../migrate/cluster/scan-objects.ts'
import type { RegistryMap } from '../../migrate/map.ts'
import type { Runtime } from '../../runtime.ts'
import { openClusterConnection } from './cluster-connection.ts'
import { type ClusterChoice, type KubeconfigParts, readKubeconfig } from './kubeconfig.ts'

export interface ScanClusterOptions extends ClusterChoice {
  /** Only these; by default all. */
  readonly namespaces?: readonly string[]
}

export interface ScanClusterParts extends KubeconfigParts {
  readonly map: RegistryMap
  readonly runtime: Pick<Runtime, 'now' | 'date' | 'after' | 'random' | 'userAgent'>
  readonly signal?: AbortSignal
  readonly limits?: Partial<ClusterScanLimits>
}

export interface ClusterScanLimits extends ClusterLimits, ReaderLimits {
  /** In milliseconds. */
  readonly connectTimeout: number
  /** For what gives the credential, in milliseconds. */
  readonly credentialTimeout: number
}

const LIMITS: ClusterScanLimits = {
  connectTimeout: 10_000,
  credentialTimeout: 60_000,
  // API servers give up by themselves after 60 s.
  idleTimeout: 75_000,
  answerTimeout: 300_000,
  attempts: 3,
  // An object is of 1.5 MiB at most, a pod mostly of some 10 kB.
  bodyMaxBytes: 64 * 1024 * 1024,
  // What is managed by whom is written down in many empty objects; more than this is asked for in smaller pages.
  bodyMaxValues: 5_000_000,
  pageSize: 500,
  pagesMax: 20_000,
  objectsMax: 1_000_000,
  restartsMax: 3,
  // Some hundred kinds, with a question or two each, are done within a minute.
  customTimeout: 600_000,
  refusalsMax: 1000,
}

/**
 * Looks through the pod templates, pods and custom resources of a live cluster, kubeadm's ConfigMap, and events about
 * pulls. What the account may not list in all namespaces is tried in each; what stays forbidden or fails is in
 * `notRead`, with the right that is missing.
 *
 * Rejects with `USAGE` or `FILE_UNREADABLE` for a cluster or a namespace that is not to be found, and with
 * `UNREACHABLE`, naming the context, for one that cannot be asked.
 */
export async function scanCluster(
  options: ScanClusterOptions,
  parts: ScanClusterParts,
): Promise<ClusterScan> {
  return await withCluster(options, parts, (client, rest) =>
    scanObjects(client, { ...rest, map: parts.map, runtime: parts.runtime }),
  )
}

/** Lists the images that the pods of a live cluster run, and those of what makes pods. Rejects as {@link scanCluster} does. */
export async function listClusterImages(
  options: ScanClusterOptions,
  parts: Omit<ScanClusterParts, 'map'>,
): Promise<ClusterImages> {
  return await withCluster(options, parts, listImages)
}

interface OpenCluster {
  readonly access: ClusterAccess
  readonly limits: ClusterScanLimits
  readonly namespaces?: readonly string[]
}

async function withCluster<Result>(
  options: ScanClusterOptions,
  parts: Omit<ScanClusterParts, 'map'>,
  work: (client: ClusterClient, cluster: OpenCluster) => Promise<Result>,
): Promise<Result> {
  const { runtime, environment, signal } = parts
  const limits = { ...LIMITS, ...parts.limits }
  const access = readKubeconfig(options, parts)
  const connection = openClusterConnection(access, { ...limits, environment, clock: runtime })
  try {
    const client = createClusterClient(access, { connection, runtime, limits, ...(signal && { signal }) })
    const { namespaces } = options
    return await work(client, { access, limits, ...(namespaces && { namespaces }) })
  } finally {
    connection[Symbol.dispose]()
  }
}
