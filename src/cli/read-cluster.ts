import { homedir } from 'node:os'
import type { RegistryMap } from '../migrate/map.ts'
import { commandRuntime } from './command-runtime.ts'
import type { ScanOptions } from './commands/scan-spec.ts'
import { explainPullFailure } from './explain-pull-failure.ts'
import type { Scanned } from './scan-files.ts'

/** Which cluster, and what of it, is scanned. */
export type ClusterOptions = Pick<ScanOptions, 'context' | 'kubeconfig' | 'namespace'>

/** Looks through a live cluster with the rights of whoever runs this process. */
export async function readCluster(
  map: RegistryMap,
  { context, kubeconfig, namespace }: ClusterOptions,
): Promise<Scanned> {
  // The client library takes a second to load, which no other command should.
  const { scanCluster } = await import('../adapters/cluster/scan-cluster.ts')
  const { findings, notRead, partlyRead, mentions, ...cluster } = await scanCluster(
    {
      ...(context !== undefined && { context }),
      ...(kubeconfig !== undefined && { kubeconfig }),
      ...(namespace !== undefined && { namespaces: namespace }),
    },
    {
      map,
      runtime: commandRuntime,
      environment: process.env,
      home: homedir(),
    },
  )
  const pullFailures = cluster.pullFailures.map(explainPullFailure)
  return { findings, notRead, partlyRead, mentions, files: 0, cluster: { ...cluster, pullFailures } }
}
