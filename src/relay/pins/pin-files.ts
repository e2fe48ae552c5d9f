import { PortolanError } from '../../errors.ts'
import { parseImageList } from '../../oci/image-list.ts'
import type { Cancel, Runtime } from '../../runtime.ts'
import type { NamedList } from './pinned-report.ts'

export interface PinFilesParts {
  readonly runtime: Pick<Runtime, 'after' | 'log' | 'background'>
  /** The text of a file, UTF-8. Rejects with the reason. */
  readonly read: (file: string) => Promise<string>
  /** Told of all lists whenever one of them has changed, and the first time. */
  readonly onLists: (lists: readonly NamedList[]) => void
}

/** What a file said last. */
interface Seen {
  readonly text: string | undefined
  readonly list: NamedList
}

/** How often files are looked at, in milliseconds. */
const INTERVAL = 10_000

/**
 * The files of `cache.pin`, read again when they change. One that cannot be read any more goes on saying what it said; one
 * that never could be is a list that names nothing, and says why.
 */
export class PinFiles implements Disposable {
  readonly #parts: PinFilesParts
  #files: readonly string[] = []
  #seen = new Map<string, Seen>()
  /** Those that could not be read last: it is said once. */
  readonly #unread = new Set<string>()
  #turn = 0
  #callOff: Cancel = () => {}

  constructor(parts: PinFilesParts) {
    this.#parts = parts
  }

  /** Follows these from now on, in place of those before; tells of them anew where they changed, or `anew` says so. */
  follow(files: readonly string[], anew = false): void {
    if (!anew && this.#turn > 0 && JSON.stringify(files) === JSON.stringify(this.#files)) return
    this.#files = files
    this.#look(true)
  }

  [Symbol.dispose](): void {
    this.#turn++
    this.#callOff()
  }

  #look(mustTell: boolean): void {
    this.#callOff()
    this.#parts.runtime.background(this.#read(++this.#turn, mustTell))
  }

  async #read(turn: number, mustTell: boolean): Promise<void> {
    const { runtime, onLists } = this.#parts
    const seen = new Map<string, Seen>()
    for (const file of this.#files) seen.set(file, await this.#readOne(file))
    if (turn !== this.#turn) return
    const hasChanged = [...seen].some(([file, one]) => one !== this.#seen.get(file))
    this.#seen = seen
    if (mustTell || hasChanged) onLists([...seen.values()].map(({ list }) => list))
    if (this.#files.length > 0) this.#callOff = runtime.after(INTERVAL, () => this.#look(false))
  }

  async #readOne(file: string): Promise<Seen> {
    const before = this.#seen.get(file)
    try {
      const text = await this.#parts.read(file)
      this.#unread.delete(file)
      return before?.text === text ? before : { text, list: { file, ...parseImageList(text) } }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      if (!this.#unread.has(file)) {
        this.#unread.add(file)
        this.#parts.runtime.log.warn({ file, reason }, 'a list of pinned images cannot be read')
      }
      if (before !== undefined) return before
      const message = error instanceof PortolanError ? reason : `it cannot be read: ${reason}`
      return { text: undefined, list: { file, images: [], faults: [{ line: 1, message }] } }
    }
  }
}
