import { PortolanError } from '../../errors.ts'
import type { Name } from '../../oci/name.ts'
import type { RegistryReader } from '../../registry/reader.ts'
import type { Runtime } from '../../runtime.ts'
import { isThere } from './files.ts'
import { findLayouts, type LayoutFolder } from './find-layouts.ts'
import { folderFiles } from './layout-files.ts'
import type { LayoutRepository } from './layout-repository.ts'
import type { LayoutContent } from './layout-walk.ts'
import { readLayout } from './read-layout.ts'

export interface ImageLayoutOptions {
  readonly runtime: Pick<Runtime, 'now'>
  /** Told of each new warning, and of each new reason why a change on disk could not be taken over. */
  readonly report: (problem: PortolanError) => void
}

/** The repositories of a folder on disk. */
export interface ImageLayout extends RegistryReader {
  repository(name: Name): LayoutRepository | undefined | Promise<LayoutRepository | undefined>
  /** The repositories there are, sorted. */
  names(): readonly Name[]
  /** What was left out of them, and why. */
  readonly warnings: readonly PortolanError[]
}

/** A change is seen this many milliseconds after it, at the latest … */
const CHECK_INTERVAL = 1000
/** … unless looking for changes would take more than a fiftieth of the time, as in a tree of very many folders. */
const CHECK_SHARE = 50

/**
 * Opens a folder that is either one OCI image layout, whose entries are named `NAME:TAG`, or a tree of layouts, each
 * the repository of its relative path with its entries named by tag.
 *
 * What changes on disk is taken over whole, or not at all while something in it is broken. Throws `FILE_UNREADABLE`
 * and `CONTENT_INVALID`, naming the file, when there is nothing sound to begin with.
 */
export async function openImageLayout(folder: string, options: ImageLayoutOptions): Promise<ImageLayout> {
  const view = await readView(folder, await findLayouts(folder))
  view.warnings.forEach(options.report)
  return new WatchedLayout(folder, options, view)
}

/** All layouts of a root as they were at one time. */
interface View {
  readonly layouts: ReadonlyMap<string, { readonly version: string; readonly content: LayoutContent }>
  readonly repositories: ReadonlyMap<Name, LayoutRepository>
  readonly warnings: readonly PortolanError[]
}

class WatchedLayout implements ImageLayout {
  readonly #folder: string
  readonly #options: ImageLayoutOptions
  #view: View
  #nextCheck: number
  #lastProblem: string | undefined

  constructor(folder: string, options: ImageLayoutOptions, view: View) {
    this.#folder = folder
    this.#options = options
    this.#view = view
    this.#nextCheck = options.runtime.now() + CHECK_INTERVAL
  }

  get warnings(): readonly PortolanError[] {
    return this.#view.warnings
  }

  names(): readonly Name[] {
    return [...this.#view.repositories.keys()].sort()
  }

  /** Of the requests after an interval, the first waits for the check; the others go on with what is known. */
  repository(name: Name): LayoutRepository | undefined | Promise<LayoutRepository | undefined> {
    if (this.#options.runtime.now() < this.#nextCheck) return this.#view.repositories.get(name)
    return this.#check().then(() => this.#view.repositories.get(name))
  }

  async #check(): Promise<void> {
    const { runtime, report } = this.#options
    const startedAt = runtime.now()
    this.#nextCheck = Number.POSITIVE_INFINITY
    try {
      const before = this.#view
      const found = await findLayouts(this.#folder)
      if (await isChanged(before, found)) {
        this.#view = await readView(this.#folder, found, before)
        const known = new Set(before.warnings.map((warning) => warning.message))
        for (const warning of this.#view.warnings) if (!known.has(warning.message)) report(warning)
      }
      this.#lastProblem = undefined
    } catch (error) {
      if (!(error instanceof PortolanError)) throw error
      if (error.message !== this.#lastProblem) report(error)
      this.#lastProblem = error.message
    } finally {
      const now = runtime.now()
      this.#nextCheck = now + Math.max(CHECK_INTERVAL, (now - startedAt) * CHECK_SHARE)
    }
  }
}

async function isChanged({ layouts }: View, found: readonly LayoutFolder[]): Promise<boolean> {
  if (found.length !== layouts.size) return true
  for (const layout of found) if (!(await isUpToDate(layouts, layout))) return true
  return false
}

async function isUpToDate(layouts: View['layouts'], { folder, version }: LayoutFolder): Promise<boolean> {
  const before = layouts.get(folder)
  if (before?.version !== version) return false
  for (const path of before.content.missing) if (await isThere(path)) return false
  return true
}

async function readView(root: string, found: readonly LayoutFolder[], before?: View): Promise<View> {
  const layouts = new Map<string, { version: string; content: LayoutContent }>()
  for (const layout of found) {
    const { folder, name, version } = layout
    const known = before !== undefined && (await isUpToDate(before.layouts, layout))
    const content = known
      ? before.layouts.get(folder)!.content
      : await readLayout(folderFiles(folder, root), name)
    layouts.set(folder, { version, content })
  }
  const contents = [...layouts.values()].map(({ content }) => content)
  return {
    layouts,
    repositories: new Map(contents.flatMap(({ repositories }) => [...repositories])),
    warnings: contents.flatMap(({ warnings }) => warnings),
  }
}
