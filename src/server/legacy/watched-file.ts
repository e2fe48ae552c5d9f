import { PortolanError } from '../../errors.ts'
import type { Log } from '../../telemetry/log.ts'
import type { LegacyStorage } from './legacy-storage.ts'

/** Reads the file, and makes of it what it stands for. Rejects with `CONTENT_INVALID` for what stays wrong until it is written anew. */
export type ReadWatched<T> = () => Promise<T>

export interface WatchedParts {
  readonly storage: Pick<LegacyStorage, 'print'>
  readonly log: Log
}

/** A file that is read again when it changes; what cannot be read leaves what was read before. */
export class WatchedFile<T> {
  readonly file: string
  readonly #read: ReadWatched<T>
  readonly #parts: WatchedParts
  #value: T
  #print: string | undefined
  /** What the last look found wrong. */
  #fault: string | undefined
  #looking: Promise<void> | undefined

  private constructor(
    file: string,
    read: ReadWatched<T>,
    parts: WatchedParts,
    first: { value: T; print: string | undefined },
  ) {
    this.file = file
    this.#read = read
    this.#parts = parts
    this.#value = first.value
    this.#print = first.print
  }

  /** Rejects when it is there and cannot be read, unless there is something to go by until it can. */
  static async open<T>(
    file: string,
    read: ReadWatched<T>,
    parts: WatchedParts,
    otherwise?: T,
  ): Promise<WatchedFile<T>> {
    if (otherwise !== undefined) {
      const watched = new WatchedFile(file, read, parts, { value: otherwise, print: undefined })
      await watched.look()
      return watched
    }
    // Before it is read: what changes after that is seen the next time.
    const print = await parts.storage.print(file)
    const value = await read()
    return new WatchedFile(file, read, parts, { value, print })
  }

  /** As it was when it could be read last. */
  get value(): T {
    return this.#value
  }

  /** Looks whether it has changed, one look at a time. Never rejects. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined
    })
    return this.#looking
  }

  async #look(): Promise<void> {
    const { storage, log } = this.#parts
    let print: string | undefined
    try {
      print = await storage.print(this.file)
      // What has no print may be gone, or may lie where nobody may look: reading tells.
      if (print !== undefined && print === this.#print) return
      this.#value = await this.#read()
      this.#print = print
      this.#fault = undefined
    } catch (error) {
      // To be read again each second, a long one that is wrong would keep a core busy.
      if (error instanceof PortolanError && error.code === 'CONTENT_INVALID') this.#print = print
      const fault = error instanceof Error ? error.message : String(error)
      if (fault !== this.#fault)
        log.error(
          { file: this.file, faults: [fault] },
          'a file was not read again: what it said before stays',
        )
      this.#fault = fault
    }
  }
}
