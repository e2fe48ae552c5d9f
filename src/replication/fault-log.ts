import { PortolanError } from '../errors.ts'
import type { Digest } from '../oci/digest.ts'
import { reasonOf } from '../transport/reason.ts'
import type { SyncFault } from './events.ts'
import type { Reachable } from './reachable.ts'

/** Collects what goes wrong. */
export interface FaultLog {
  readonly faults: readonly SyncFault[]
  /** By what faults name the images that are affected, once it is known. */
  reachable?: Reachable
  /** `store` is left out when the upstream is at fault. */
  add(error: unknown, about: { readonly digest?: Digest; readonly store?: string }): void
}

/** How many images a fault names, and how many faults name any: each time, all manifests are gone through. */
const MAX_IMAGES = 10
const MAX_NAMING = 1000

export function createFaultLog(report: (fault: SyncFault) => void): FaultLog {
  const faults: SyncFault[] = []
  const log: FaultLog = {
    faults,
    add(error, { digest, store }) {
      const names = digest !== undefined && faults.length < MAX_NAMING
      const images = names && log.reachable && imagesWith(digest, log.reachable)
      const fault: SyncFault = {
        code: error instanceof PortolanError ? error.code : 'UNREACHABLE',
        message: error instanceof PortolanError ? error.message : reasonOf(error),
        ...(digest !== undefined && { digest }),
        ...(store !== undefined && { store }),
        ...(images && { images }),
      }
      faults.push(fault)
      report(fault)
    },
  }
  return log
}

/** `NAME:TAG` of the images that lead to a digest. */
function imagesWith(digest: Digest, { images, manifests }: Reachable): string[] {
  const holders = new Set([digest])
  // Each manifest comes after all that it names, so that one pass finds those that lead there by others.
  for (const manifest of manifests.values()) {
    if (manifest.content.some((named) => holders.has(named))) holders.add(manifest.digest)
  }
  return images
    .filter((image) => holders.has(image.digest))
    .slice(0, MAX_IMAGES)
    .map(({ name, tag }) => `${name}:${tag}`)
}
