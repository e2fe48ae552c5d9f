import { homedir } from 'node:os'
import packageFile from '../../package.json' with { type: 'json' }
import { systemClock } from '../adapters/clock.ts'
import type { RegistryMap } from '../migrate/map.ts'
import type { Scanned } from './scan-files.ts'

/** Which cluster, and what of it, is scanned. */
export interface ClusterOptions {
  readonly context?: string
  readonly kubeconfig?: string
  /** Only these; all of them by default. */
  readonly namespace?: readonly string[]
}

/** Looks through a live cluster with the rights of whoever runs this process. */
export async function readCluster(
  map: RegistryMap,
  { context, kubeconfig, namespace }: ClusterOptions,
): Promise<Scanned> {
  // The client library takes a second to load, which no other command should.
  const { scanCluster } = await import('../adapters/cluster/scan-cluster.ts')
  const { findings, notRead, ...cluster } = await scanCluster(
    {
      ...(context !== undefined && { context }),
      ...(kubeconfig !== undefined && { kubeconfig }),
      ...(namespace !== undefined && { namespaces: namespace }),
    },
    {
      map,
      clock: systemClock,
      random: Math.random,
      userAgent: `portolan/${packageFile.version}`,
      environment: process.env,
      home: homedir(),
    },
  )
  return { findings, notRead, partlyRead: [], mentions: [], files: 0, cluster }
}
