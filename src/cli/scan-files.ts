import { findReferences } from '../migrate/find.ts'
import type { Finding } from '../migrate/finding.ts'
import { findingsOf } from '../migrate/findings.ts'
import type { RegistryMap } from '../migrate/map.ts'
import type { NotRead } from '../migrate/sarif.ts'
import { FileSearch, type Searched, TEXT_BYTES_MAX } from './file-search.ts'
import { reasonOf } from './walk-files.ts'

/** What a scan has found. */
export interface Scanned {
  readonly findings: readonly Finding[]
  readonly notRead: readonly NotRead[]
  /** How many files were looked through, those that are binary not counted. */
  readonly files: number
  /** How many name a host of the map only where nothing pulls it from, such as in comments. */
  readonly mentions: number
  /** Where it was no files but a live cluster that was looked through. */
  readonly cluster?: { readonly context: string; readonly server: string; readonly objects: number }
}

/** Looks through files for what a map has something to say about, one file in memory at a time. */
export class Scan {
  readonly #map: RegistryMap
  readonly #includeText: boolean
  readonly #search: FileSearch
  readonly #findings: Finding[] = []
  readonly #notRead: NotRead[] = []
  #files = 0
  #mentions = 0

  constructor(map: RegistryMap, { includeText = false }: { readonly includeText?: boolean } = {}) {
    this.#map = map
    this.#includeText = includeText
    this.#search = new FileSearch(map.hints)
  }

  /** Looks through a file; one that cannot be read is kept in mind as such. */
  addFile(path: string): void {
    try {
      this.#add(path, this.#search.search(path))
    } catch (error) {
      this.addNotRead({ path, reason: reasonOf(error) })
    }
  }

  /** Looks through content that is in memory; its format is told as if it were a file of this path. */
  addBytes(path: string, bytes: Buffer): void {
    this.#add(path, this.#search.searchBytes(bytes))
  }

  addNotRead(entry: NotRead): void {
    this.#notRead.push(entry)
  }

  result(): Scanned {
    return { findings: this.#findings, notRead: this.#notRead, files: this.#files, mentions: this.#mentions }
  }

  #add(path: string, searched: Searched): void {
    if (searched.kind === 'binary') return
    this.#files++
    if (searched.kind === 'too-long') {
      const reason = `it names a host of the map, and is longer than ${TEXT_BYTES_MAX / 1024 / 1024} MiB`
      this.addNotRead({ path, reason })
    }
    if (searched.kind !== 'hit') return
    const source = { path: path.replaceAll('\\', '/'), text: searched.text }
    const found = findReferences(source, { includeText: this.#includeText })
    const findings = findingsOf(source, found, this.#map)
    if (findings.length === 0) this.#mentions++
    // Cloned, since a piece of a text keeps all of it in memory.
    for (const finding of findings) this.#findings.push(structuredClone(finding))
  }
}
