import type { Examined, UnreadPart } from '../migrate/examine.ts'
import { startOf } from '../migrate/finders/overlap.ts'
import { formatOf } from '../migrate/format.ts'
import { imageUseOf } from '../migrate/image-use.ts'
import { LineIndex } from '../migrate/line-index.ts'
import type { RegistryMap } from '../migrate/map.ts'
import type { NotRead } from '../migrate/sarif.ts'
import { parseFullReference } from '../oci/full-reference.ts'
import { LISTED_MAX, parseImageList } from '../oci/image-list.ts'
import { formatReference, type Reference } from '../oci/reference.ts'
import { FileExaminer, type Looked } from './examine-files.ts'

/** A reference that names no image as it stands. */
export interface UnclearImage {
  readonly path: string
  readonly line: number
  readonly written: string
  readonly why: string
}

/** The images that files name. */
export interface FileImages {
  /** Full references, each once, in the order of the files. */
  readonly references: readonly string[]
  readonly unclear: readonly UnclearImage[]
  readonly notRead: readonly NotRead[]
  /** Parts of files that could not be read as what they are; their lines were looked through. */
  readonly partlyRead: readonly UnreadPart[]
}

/** A text that is no file. */
export interface MemoryFile {
  readonly path: string
  readonly bytes: Buffer
}

/** Of a tree of charts there may be any number. */
const UNCLEAR_MAX = 10_000
/** Has something to say of every text, and nothing of any name: what is found is what counts. */
const ANYTHING: RegistryMap = { hints: [''], isRelevant: () => true, judge: () => undefined }

/** What is rendered first: its lines are read as they are, and may say anything. */
const TEMPLATE =
  'a template of a chart: what it becomes is listed by helm template CHART | portolan images --from-files -'
/** A line of a list that is a reference as a whole, and whose host may be left out. */
const LISTED = /^\s*([a-z0-9][\w.\-/:]*(?::\w[\w.-]*|@[a-z0-9]+:[a-f0-9]+))\s*(?:#.*)?$/

/**
 * Looks through files as `scan` does, and takes the images of every registry. `content` is one more file in memory.
 * Throws `FILE_UNREADABLE` for a path that is not there.
 */
export function readFileImages(
  paths: readonly string[],
  { exclude, content }: { readonly exclude: readonly string[]; readonly content?: MemoryFile },
): FileImages {
  const images = new ImagesOfTexts()
  const notRead: NotRead[] = []
  const examiner = new FileExaminer({ map: ANYTHING, exclude, mayHold: 'it may name images' }, (entry) =>
    notRead.push(entry),
  )
  const take = (looked: Looked | undefined) => {
    if (looked?.kind === 'named') images.add(looked.file.examined)
  }
  if (content !== undefined) take(examiner.examineBytes(content.path, content.bytes))
  for (const looked of examiner.examine(paths)) take(looked)
  const { isCut, ...found } = images.result()
  if (isCut)
    notRead.push({ path: '*', reason: `there are more than ${LISTED_MAX} images: not all are listed` })
  return { ...found, notRead }
}

class ImagesOfTexts {
  readonly #references = new Set<string>()
  readonly #unclear: UnclearImage[] = []
  readonly #partlyRead: UnreadPart[] = []
  #isCut = false

  add({ source, found, unread }: Examined): void {
    // Cloned, since a piece of a text keeps all of it in memory.
    this.#partlyRead.push(...structuredClone(unread))
    const lines = new LineIndex(source.text)
    const format = formatOf(source.path, source.text)
    if (format === 'helm-template')
      this.#addUnclear({ path: source.path, line: 1, written: '', why: TEMPLATE })
    if (format === 'image-list') this.#addListed(source.text)
    for (const one of found) {
      const use = imageUseOf(one)
      if (use?.kind === 'image') this.#addReference(use.reference)
      else if (use !== undefined) {
        const { line } = lines.position(startOf(one))
        this.#addUnclear({ path: source.path, line, written: use.written, why: use.why })
      }
    }
  }

  result(): Omit<FileImages, 'notRead'> & { readonly isCut: boolean } {
    return {
      ...{ references: [...this.#references], unclear: this.#unclear },
      ...{ partlyRead: this.#partlyRead, isCut: this.#isCut },
    }
  }

  #addListed(text: string): void {
    for (const line of text.split(/\r?\n/)) {
      const [, written] = LISTED.exec(line) ?? []
      const [image] = written === undefined ? [] : parseImageList(written).images
      if (image !== undefined) this.#addReference(parseFullReference(image.written))
    }
  }

  #addReference(reference: Reference): void {
    const text = structuredClone(formatReference(reference))
    if (this.#references.size < LISTED_MAX || this.#references.has(text)) this.#references.add(text)
    else this.#isCut = true
  }

  #addUnclear(one: UnclearImage): void {
    if (this.#unclear.length < UNCLEAR_MAX) this.#unclear.push(structuredClone(one))
    else this.#isCut = true
  }
}
