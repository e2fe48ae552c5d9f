import type { Log } from '../../telemetry/log.ts'
import type { LegacyStorage } from './legacy-storage.ts'

/** Makes of a file's text what it stands for; `undefined` stands for no file. Rejects with what is wrong with it. */
export type ReadWatched<T> = (text: string | undefined) => T | Promise<T>

export interface WatchedParts {
  readonly storage: LegacyStorage
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

  /** Rejects when it is there and cannot be read. */
  static async open<T>(file: string, read: ReadWatched<T>, parts: WatchedParts): Promise<WatchedFile<T>> {
    // Before it is read: what changes after that is seen the next time.
    const print = await parts.storage.print(file)
    const value = await read(await parts.storage.read(file))
    return new WatchedFile(file, read, parts, { value, print })
  }

  /** As it was when it could be read last. */
  get value(): T {
    return this.#value
  }

  /** Looks whether it has changed. Never rejects. */
  async look(): Promise<void> {
    const { storage, log } = this.#parts
    try {
      const print = await storage.print(this.file)
      // What has no print may be gone, or may lie where nobody may look: reading tells.
      if (print !== undefined && print === this.#print) return
      this.#value = await this.#read(await storage.read(this.file))
      this.#print = print
      this.#fault = undefined
    } catch (error) {
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
