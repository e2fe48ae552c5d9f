import { crc32 } from 'node:zlib'
import type { Runtime } from '../../runtime.ts'
import type { DoorRuntime } from '../../server/runtime.ts'
import { openImageLayout } from '../../storage/fs/image-layout.ts'
import { silentLog } from '../../telemetry/log.ts'
import { openUpstreamCredentials } from '../credentials/upstream-credentials.ts'
import { createPasswordRuntime } from '../passwords/password-runtime.ts'
import { readSnapshotFile, writeSnapshotFile } from '../ranges/snapshot-file.ts'
import { updateInWorker } from '../ranges/update-in-worker.ts'
import { createProcessMetrics } from './process-metrics.ts'
import { createNodeRuntime } from './runtime.ts'

/** Lends a process, its disk included, to a door. Without a log it says nothing. */
export function createDoorRuntime({
  log = silentLog,
  userAgent = 'portolan',
}: Partial<Pick<Runtime, 'log' | 'userAgent'>> = {}): DoorRuntime {
  const runtime = createNodeRuntime({ log, userAgent })
  return {
    ...runtime,
    openLayout: (folder) =>
      openImageLayout(folder, {
        runtime,
        report: (problem) => log.warn({ ...problem.facts, code: problem.code }, problem.message),
      }),
    openCredentials: (config) => openUpstreamCredentials(config, { environment: process.env, runtime }),
    passwords: createPasswordRuntime(),
    processMetrics: createProcessMetrics(),
    ranges: { read: readSnapshotFile, write: writeSnapshotFile, update: updateInWorker, checksum: crc32 },
  }
}
