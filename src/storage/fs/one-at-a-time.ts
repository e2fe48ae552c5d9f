import { createHash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { PortolanError } from '../../errors.ts'
import type { Runtime } from '../../runtime.ts'
import { type Lease, takeLease } from './lease.ts'

/** How long another one may take to replace a file until nobody waits for it any more, in milliseconds. */
const MAX_WAIT = 30_000
/** Between two tries, in milliseconds. */
const PAUSE = 100
/** Of the lease: replacing a file takes milliseconds. */
const EXPIRY = 5000

/**
 * Does what one process at a time may do in a folder. Waits for another one that is at it, and takes over from one that
 * is gone. `work` is given the lease, to look at before it writes. Rejects with `FILE_UNWRITABLE`.
 */
export async function oneAtATime<T>(
  folder: string,
  runtime: Pick<Runtime, 'now' | 'after' | 'random'>,
  work: (lease: Lease) => Promise<T>,
): Promise<T> {
  await mkdir(folder, { recursive: true })
  const since = runtime.now()
  for (;;) {
    const lease = await takeLease(folder, { runtime, expiry: EXPIRY }).catch((error) => {
      const isHeld = error instanceof PortolanError && error.facts.holder !== undefined
      if (!isHeld || runtime.now() - since > MAX_WAIT) throw error
      return undefined
    })
    if (lease === undefined) {
      await new Promise<void>((resolve) => runtime.after(PAUSE, resolve))
      continue
    }
    try {
      return await work(lease)
    } finally {
      await lease.release()
    }
  }
}

/** What stands for the content of a file. */
export function contentVersion(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
