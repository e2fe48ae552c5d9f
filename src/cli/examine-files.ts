import { type Examined, examineText } from '../migrate/examine.ts'
import { KustomizeBases } from '../migrate/kustomize-bases.ts'
import type { RegistryMap } from '../migrate/map.ts'
import type { NotRead } from '../migrate/sarif.ts'
import { FileSearch, type Searched, TEXT_BYTES_MAX } from './file-search.ts'
import type { DecodedText } from './text-file.ts'
import { systemReason, walkFiles } from './walk-files.ts'

/** What files to examine, and how. */
export interface ExamineFilesOptions {
  readonly map: RegistryMap
  readonly includeText?: boolean
  readonly exclude?: readonly string[]
  /** Whether to obey `.gitignore`. */
  readonly gitignore?: boolean
  /** What is said of a file that may hold what is looked for and cannot be read. */
  readonly mayHold?: string
}

/** A file that names a host of the map. */
export interface ExaminedFile {
  readonly path: string
  readonly decoded: DecodedText
  readonly examined: Examined
}

/** One file that was come by: with what it holds, if it names a host of the map. */
export type Looked = { readonly kind: 'clean' } | { readonly kind: 'named'; readonly file: ExaminedFile }

const NAMES_HOST = 'it names a host of the map'
const CLEAN: Looked = { kind: 'clean' }

/**
 * Looks through files for what a map has something to say about, one file in memory at a time, each read and parsed
 * once. Files that cannot be read are told to `notRead`, and binary ones passed over.
 */
export class FileExaminer {
  readonly #options: ExamineFilesOptions
  readonly #search: FileSearch
  readonly #notRead: (entry: NotRead) => void

  constructor(options: ExamineFilesOptions, notRead: (entry: NotRead) => void) {
    this.#options = options
    this.#search = new FileSearch(options.map.hints)
    this.#notRead = notRead
  }

  /** The files at and below the paths. */
  *examine(paths: readonly string[]): Generator<Looked> {
    const bases = new KustomizeBases(this.#readBeside(paths), this.#options.map)
    for (const files of this.#walk(paths)) {
      for (const { path, searched } of this.#search.searchTogether(files)) {
        try {
          const looked = this.#look(path, searched ?? this.#search.search(path), bases)
          if (looked !== undefined) yield looked
        } catch (error) {
          this.#notRead({ path, reason: systemReason(error) })
        }
      }
    }
  }

  /** Content that is in memory; its format is told as if it were a file of this path. */
  examineBytes(path: string, bytes: Buffer): Looked | undefined {
    const bases = new KustomizeBases(() => undefined, this.#options.map)
    return this.#look(path, this.#search.searchBytes(bytes), bases)
  }

  *#walk(paths: readonly string[], notRead = this.#notRead): Generator<readonly string[]> {
    const { exclude = [], gitignore = true } = this.#options
    yield* walkFiles(paths, { exclude, gitignore, notRead })
  }

  #look(path: string, searched: Searched, bases: KustomizeBases): Looked | undefined {
    if (searched.kind === 'binary') return undefined
    const { map, includeText = false, mayHold = NAMES_HOST } = this.#options
    if (searched.kind === 'too-long') {
      const reason = `${mayHold}, and is longer than ${TEXT_BYTES_MAX / 1024 / 1024} MiB`
      this.#notRead({ path, reason })
    }
    if (searched.kind === 'utf16')
      this.#notRead({
        path,
        reason: `${mayHold} in UTF-16, which is not read: make it UTF-8`,
      })
    if (searched.kind !== 'hit') return CLEAN
    const source = { path: path.replaceAll('\\', '/'), text: searched.decoded.text }
    const follow = bases.follow.bind(bases)
    const examined = examineText(source, { map, includeText, follow })
    return { kind: 'named', file: { path, decoded: searched.decoded, examined } }
  }

  /** What is among the paths can be read by another file that refers to it; which files are is found out when asked for. */
  #readBeside(paths: readonly string[]): (path: string) => string | undefined {
    let known: Map<string, string> | undefined
    return (path) => {
      known ??= new Map(
        [...this.#walk(paths, () => {})]
          .flat()
          .filter((file) => /\.(?:ya?ml|json)$|kustomization$/i.test(file))
          .map((file) => [file.replaceAll('\\', '/').replace(/^(?:\.\/)+/, ''), file]),
      )
      const file = known.get(path.replace(/^(?:\.\/)+/, ''))
      return file === undefined ? undefined : this.#search.read(file)
    }
  }
}
