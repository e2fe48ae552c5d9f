import { syncFolder } from './files.ts'

/** Makes what folders name outlive a crash of the machine; those who come while one is at it go together after it. */
export class FolderSync {
  readonly #running = new Map<string, { readonly now: Promise<void>; next?: Promise<void> }>()

  /** Resolves when all that was named in the folder before the call is on disk. Rejects as the system does. */
  sync(folder: string): Promise<void> {
    const running = this.#running.get(folder)
    if (running === undefined) return this.#start(folder)
    // The one that runs may have looked already.
    running.next ??= running.now.catch(() => {}).then(() => this.#start(folder))
    return running.next
  }

  #start(folder: string): Promise<void> {
    const now = syncFolder(folder)
    const run = { now }
    this.#running.set(folder, run)
    const end = () => {
      if (this.#running.get(folder) === run) this.#running.delete(folder)
    }
    now.then(end, end)
    return now
  }
}
