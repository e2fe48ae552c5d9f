import type { SyncConfig } from '../config/config.ts'
import { openWorkspace } from '../storage/fs/workspace.ts'
import type { Workspace } from '../storage/workspace.ts'
import { commandRuntime } from './command-runtime.ts'

/** What shows a run's progress, and is ended when the run cannot begin. */
interface Sayer {
  say(line: string): void
  end(): void
}

/** Opens the journal for this run alone; `lease` is in milliseconds. Throws `FILE_UNWRITABLE` when another run has it. */
export async function takeJournal(
  { journal }: SyncConfig,
  { lease }: { readonly lease: number },
  progress: Sayer,
): Promise<Workspace> {
  try {
    return await openWorkspace(journal, { runtime: commandRuntime, expiry: lease, onWait: progress.say })
  } catch (error) {
    progress.end()
    throw error
  }
}
