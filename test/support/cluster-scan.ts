import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from '../../src/adapters/clock.ts'
import {
  type ScanClusterOptions,
  type ScanClusterParts,
  scanCluster,
} from '../../src/adapters/cluster/scan-cluster.ts'
import { KUBERNETES_MAP } from '../../src/migrate/builtin-map.ts'
import type { ClusterScan } from '../../src/migrate/cluster/scan-objects.ts'
import { createMap } from '../../src/migrate/map.ts'
import type { ClusterContent } from './scripted-cluster.ts'
import { makeTempFolder } from './temp.ts'

/** Waits are as short as a machine that is busy allows. */
const LIMITS: ScanClusterParts['limits'] = { connectTimeout: 5000, idleTimeout: 500, attempts: 2 }

/** Scans a cluster with the kubeconfig that it gives. */
export async function scan(
  cluster: { kubeconfig(): string },
  options: ScanClusterOptions = {},
  parts: Partial<ScanClusterParts> = {},
) {
  await using folder = await makeTempFolder()
  const kubeconfig = join(folder.path, 'config')
  await writeFile(kubeconfig, cluster.kubeconfig())
  return await scanCluster(
    { kubeconfig, ...options },
    {
      map: createMap(KUBERNETES_MAP),
      // No wait is longer than half of its bound.
      runtime: { ...systemClock, random: () => 0, userAgent: 'portolan/test' },
      environment: {},
      home: folder.path,
      ...parts,
      limits: { ...LIMITS, ...parts.limits },
    },
  )
}

/** Its findings, one line each. */
export const shown = ({ findings }: ClusterScan) =>
  findings.map(({ owner, written, pods }) => `${owner}: ${written}${pods === undefined ? '' : ` (${pods})`}`)

/** What was not read, and why. */
export const reasons = ({ notRead }: ClusterScan) => notRead.map(({ reason }) => reason)

/** Every kind with nothing in it, and what is given. */
export const content = (given: ClusterContent = {}): ClusterContent => ({
  ...Object.fromEntries(
    [
      ...['apps/v1/deployments', 'apps/v1/daemonsets', 'apps/v1/statefulsets', 'apps/v1/replicasets'],
      ...['v1/replicationcontrollers', 'batch/v1/cronjobs', 'batch/v1/jobs', 'v1/pods', 'v1/namespaces'],
    ].map((key) => [key, []]),
  ),
  ...given,
})
