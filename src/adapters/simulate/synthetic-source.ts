import { open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { PortolanError } from '../../errors.ts'
import { syntheticLog } from '../../simulate/synthetic/synthetic-log.ts'
import type { LogSource } from './replay-logs.ts'

/** What a synthetic log is made of. */
export interface SyntheticOptions {
  readonly requests: number
  readonly seed: number
}

/** A synthetic log that is replayed while it is made. */
export function syntheticSource(options: SyntheticOptions): LogSource {
  return { name: `synthetic, seed ${options.seed}`, pieces: () => bytesOf(options) }
}

/** Writes a synthetic log, whole or not at all. Throws `FILE_UNWRITABLE`, and why it was aborted. */
export async function writeSyntheticLog(
  file: string,
  options: SyntheticOptions,
  signal: AbortSignal,
): Promise<void> {
  const draft = join(dirname(file), `.${basename(file)}.${process.pid}.portolan-draft`)
  try {
    const handle = await open(draft, 'w', 0o644)
    try {
      for await (const piece of bytesOf(options)) {
        signal.throwIfAborted()
        await handle.write(piece)
      }
    } finally {
      await handle.close()
    }
    await rename(draft, file)
  } catch (cause) {
    await rm(draft, { force: true }).catch(() => {})
    if (signal.aborted) throw cause
    const message = `cannot write ${file}: ${(cause as Error).message}`
    throw new PortolanError('FILE_UNWRITABLE', message, { file }, cause)
  }
}

async function* bytesOf(options: SyntheticOptions): AsyncGenerator<Uint8Array> {
  for (const text of syntheticLog(options)) {
    yield Buffer.from(text)
    // Threads are heard between two pieces.
    await new Promise((resolve) => setImmediate(resolve))
  }
}
